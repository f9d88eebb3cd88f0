"""The race behind ``tombola make``: dense nets, int8 and tickets on one task, and which of them is to be shipped."""
