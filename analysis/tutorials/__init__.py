"""Scripts to read from top to bottom, to run, and to copy: each needs the installed package alone."""
