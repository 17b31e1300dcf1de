"""From a clip to what a network is given: its speech as the gate hears it in service, MFCCs, mel spectra."""
