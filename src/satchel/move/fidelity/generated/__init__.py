"""Made-up packages of each standard that use every kind and every member which the standard has; the same bytes each time."""
