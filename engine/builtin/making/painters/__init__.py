"""One function a class, by kind of thing: each paints and renders onto a Scene."""
