"""The order of steps, derived from what each reads."""

from collections.abc import Collection, Mapping


def ordered(reads: Mapping[str, Collection[str]]) -> list[str]:
    """Every dataset after those it reads, else in the order given; raises CycleFound. Unknown datasets are left out."""
    done: list[str] = []
    waiting = dict.fromkeys(reads)
    while waiting:
        ready = [name for name in waiting if not any(read in waiting for read in reads[name])]
        if not ready:
            raise CycleFound(cycle_among({name: reads[name] for name in waiting}))
        for name in ready:
            del waiting[name]
        done.extend(ready)
    return done


class CycleFound(ValueError):
    """Steps read each other in a circle; `cycle` starts and ends with the same dataset."""

    def __init__(self, cycle: list[str]) -> None:
        super().__init__(" -> ".join(cycle))
        self.cycle = cycle


def cycle_among(reads: Mapping[str, Collection[str]]) -> list[str]:
    """One circle among steps of which each reads at least one other of them, in the direction the data flow."""
    walked = [next(iter(reads))]
    while True:
        before = sorted(read for read in reads[walked[-1]] if read in reads)[0]
        if before in walked:
            return [before, *reversed(walked[walked.index(before) :])]
        walked.append(before)


def downstream(reads: Mapping[str, Collection[str]], changed: str) -> set[str]:
    """Everything that reads a dataset, directly or through others."""
    reached: set[str] = set()
    waiting = [changed]
    while waiting:
        name = waiting.pop()
        direct = {reader for reader, read in reads.items() if name in read} - reached
        reached |= direct
        waiting.extend(direct)
    return reached
