"""How a training view differs from the plain crop: geometry in one map, pixels, annotation noise."""
