"""What a record is: kinds, times, provenance, trust, links, findings. No input or output at all."""
