"""What breaks things on purpose: files, signals, disks, flags."""
