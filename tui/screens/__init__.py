"""What can fill the window, one screen a file."""
