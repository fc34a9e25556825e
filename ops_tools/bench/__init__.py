"""Named benchmarks, each beside its reference in the same run. They measure and never judge a release: tests assert."""
