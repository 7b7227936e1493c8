"""Measurements that anyone can repeat: ``make bench``, or ``make bench QUICK=1``."""
