"""What all of the package needs: errors, files, the folder of a run, the terminal."""
