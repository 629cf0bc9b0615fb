"""The work of tools/test."""

import argparse
import sys

import bazel_results
import stop_signal

SUITES = ('unit', 'fuzz', 'bench', 'e2e', 'vm')


def tag_filter(suites):
  """Bazel's filter: it knows tags, and unit tests have none."""
  unknown = [suite for suite in suites if suite not in SUITES]
  if unknown:
    sys.exit(f'tools/test: no suite {", ".join(unknown)}; '
             f'there are {", ".join(SUITES)}')
  if 'unit' in suites:
    return ['-' + suite for suite in SUITES[1:] if suite not in suites]
  return list(suites)


def main():
  parser = argparse.ArgumentParser(prog='tools/test', add_help=False)
  parser.add_argument('--tags', default=','.join(SUITES))
  parser.add_argument('targets', nargs='*', default=['//...'])
  arguments = parser.parse_args()
  options = []
  tags = tag_filter(arguments.tags.split(','))
  if tags:
    options.append('--test_tag_filters=' + ','.join(tags))
  stop_signal.install()
  try:
    results = bazel_results.test(arguments.targets, options)
  except stop_signal.Stopped as stopped:
    print('tools/test: interrupted', file=sys.stderr)
    sys.exit(128 + stopped.number)
  sys.stdout.flush()
  for name, reason in results.skipped:
    print(f'skipped: {name}: {reason}')
  for name in results.failed:
    print(f'failed: {name}')
  print(results.summary())
  sys.exit(1 if results.failed else 0)


if __name__ == '__main__':
  main()
