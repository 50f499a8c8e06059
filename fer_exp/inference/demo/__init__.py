"""The page to try a face, and the server behind it."""
