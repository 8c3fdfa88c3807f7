"""What the screens know, without a screen."""
