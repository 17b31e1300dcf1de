"""What tests of the page and of the JavaScript client share."""
