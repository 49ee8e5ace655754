"""Does a series of samples grow? For run.py.

Neighbouring samples resemble each other, so the samples are averaged over BLOCKS parts of the time first. The
slope is Theil and Sen's: the median of the slopes between all pairs of parts, which single peaks do not move.
Its interval, of 99.9 %, is that of Kendall's test: how many pairs rise more often than chance has it. A series
grows when the whole interval lies above zero, and even its lower end would add more than `tolerance`, a share of
the median, over the time of the series: memory allocators settle in small steps for a long time.
"""
import math
import statistics

BLOCKS = 24
Z = 3.29  # of a normal distribution, 99.9 % lie within


class Trend:
    """Of samples (time in seconds, value): `slope` and the interval `low` to `high` are per second."""

    def __init__(self, samples, tolerance, least):
        blocks = min(BLOCKS, len(samples))
        if blocks < 8:
            raise ValueError("fewer than 8 samples")
        means = []
        for i in range(blocks):
            part = samples[i * len(samples) // blocks:(i + 1) * len(samples) // blocks]
            means.append([statistics.fmean(column) for column in zip(*part)])
        slopes = sorted((y2 - y1) / (x2 - x1) for i, (x1, y1) in enumerate(means) for x2, y2 in means[i + 1:])
        half = Z * math.sqrt(blocks * (blocks - 1) * (2 * blocks + 5) / 18) / 2
        middle = (len(slopes) - 1) / 2
        self.slope = statistics.median(slopes)
        self.low = slopes[max(0, math.floor(middle - half))]
        self.high = slopes[min(len(slopes) - 1, math.ceil(middle + half))]
        self.median = statistics.median(value for _, value in samples)
        self.seconds = samples[-1][0] - samples[0][0]
        self.limit = max(tolerance * self.median, least)

    @property
    def grows(self):
        return self.low * self.seconds > self.limit
