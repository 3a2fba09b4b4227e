"""Whether a start that takes a while pays: a loop to compile, a plan to make."""

__all__ = ["Worth"]


class Worth:
    """Something that takes time to start and then saves time: it pays once the work so far would have repaid the start.

    seconds : duration of the start
    saved : seconds that it saves per number

    `count` takes every piece of work; `pays` changes nothing.
    """

    def __init__(self, seconds, saved):
        self.seconds, self.saved, self.numbers = seconds, saved, 0

    def count(self, numbers):
        """Count more numbers to work on."""
        self.numbers += numbers

    @property
    def pays(self):
        """Whether all numbers counted so far would have saved the time of the start."""
        return self.numbers * self.saved >= self.seconds
