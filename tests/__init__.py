"""A regular package, so that one called `tests` in site-packages (torch-fidelity brings one) does not hide it."""
