"""Settings shared by all tests: property tests give the same examples on every run and on every machine."""

from hypothesis import settings

settings.register_profile("book", derandomize=True, deadline=None, database=None, max_examples=60)
settings.register_profile("thorough", deadline=None, database=None, max_examples=5000)
settings.load_profile("book")
