"""One of many processes that want the same steps: waits for a line, claims what it can, prints what it got."""

import random
import sys

import django

django.setup()

from pipelines_app import events  # noqa: E402 models can be imported only now
from pipelines_app.models import StepRun  # noqa: E402 models can be imported only now
from pipelines_app.runs import leases  # noqa: E402


def main() -> None:
    name = sys.argv[1]
    events.consumers()  # as a worker does when it starts: their modules are not to be read within a transaction
    pks = list(StepRun.objects.values_list("pk", flat=True))
    random.Random(name).shuffle(pks)  # a crowd that follows one order hardly ever meets
    sys.stdout.write("here\n")
    sys.stdout.flush()
    sys.stdin.readline()
    won = [pk for pk in pks if leases.claim(pk, name)]
    sys.stdout.write(" ".join(map(str, won)) + "\n")


if __name__ == "__main__":
    main()
