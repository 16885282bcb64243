"""How good recall is: measured on questions whose evidence is known, and by answers before and after a transfer."""
