"""What all of the package needs: errors, names, folders, data as JSON, scripts."""
