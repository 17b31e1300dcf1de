"""What training promises and serving relies on: labels, fusion, the manifest. numpy and the standard library only."""
