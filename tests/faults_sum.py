#!/usr/bin/env python3
"""Sum what the parts of a search for faults have printed (tests/faults.sh): faults_sum.py FILE..."""

import re
import sys

# situation, what fails: N calls, then counts of the tries (tests/support/faulty.c)
LINE = re.compile(r"^(\S.{9}) (\S.{30}) +(\d+) calls +(\d+ tried.*)$")
COUNT = re.compile(r"\d+")


def main(paths):
    sums, breaches = {}, set()
    for path in paths:
        with open(path) as file:
            for line in file:
                if match := LINE.match(line):
                    situation, name, calls, text = match.groups()
                    counts = [int(count) for count in COUNT.findall(text)]
                    known = sums.setdefault((situation, name), [int(calls), text, [0] * len(counts)])
                    known[2] = [a + b for a, b in zip(known[2], counts)]
                elif not line.startswith("["):
                    breaches.add(line)
    tried = 0
    for (situation, name), (calls, text, counts) in sums.items():
        places = iter(counts)
        print(f"{situation} {name} {calls:6} calls {COUNT.sub(lambda _: str(next(places)), text)}")
        tried += counts[0]
    print(f"{tried} tries, {sum(line.startswith('BROKEN') for line in breaches)} of them broken")
    sys.stdout.writelines(sorted(breaches))


main(sys.argv[1:])
