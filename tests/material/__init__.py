"""What several tests are made of: servers, releases, recordings, browsers."""
