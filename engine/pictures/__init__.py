"""Pictures: find, decode, fit to a network, save; and the background set."""
