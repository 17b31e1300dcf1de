"""The library: what a release is, how speech is heard in a stream, how a verdict comes about, the client."""
