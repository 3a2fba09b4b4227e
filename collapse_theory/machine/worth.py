"""Whether a start that takes a while pays: a loop to compile, a plan to make."""

__all__ = ["Worth"]


class Worth:
    """Something that takes a while to start and then saves time: it pays once what was asked for would have repaid it.

    seconds : that the start takes
    saved : seconds that it saves per number

    `count` is told of every piece of work; `pays` looks, and changes nothing.
    """

    def __init__(self, seconds, saved):
        self.seconds, self.saved, self.numbers = seconds, saved, 0

    def count(self, numbers):
        """There are so many more numbers to work on."""
        self.numbers += numbers

    @property
    def pays(self):
        """Whether the time that would have been saved on all numbers so far is that of the start."""
        return self.numbers * self.saved >= self.seconds
