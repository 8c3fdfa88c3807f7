"""Arrays and texts to lines of cells; knows no state."""
