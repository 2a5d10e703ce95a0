"""From files to records: tracks, rasters and areas as they come in from outside."""
