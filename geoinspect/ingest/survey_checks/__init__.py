"""Survey check: what a picture is fit for, measured on a sample of it, in words to act on."""
