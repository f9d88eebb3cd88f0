"""What to try first on a set of images, from what was measured on others."""
