"""The work of tools/check."""

import os
import subprocess
import sys

import bazel_results
import stop_signal

# What drives whole programs is tools/test's.
_QUICK = '-e2e,-vm,-bench'


def tracked(*patterns):
  """Files of the working tree, also new ones, but nothing ignored."""
  names = subprocess.run(
      ['git', 'ls-files', '--cached', '--others', '--exclude-standard', '--'] +
      list(patterns), cwd=bazel_results.ROOT, check=True,
      stdout=subprocess.PIPE, encoding='utf-8').stdout.split('\n')
  return sorted({name for name in names if name and os.path.isfile(
      os.path.join(bazel_results.ROOT, name))})


def run(command):
  return subprocess.run(command, cwd=bazel_results.ROOT).returncode == 0


def check_format(_):
  return run(['clang-format', '--dry-run', '-Werror'] + tracked('*.h', '*.cc'))


def check_scripts(_):
  ok = True
  for path in tracked('tools/*', 'tests/*', '.ci/*', 'deploy/*'):
    full = os.path.join(bazel_results.ROOT, path)
    if path.endswith('.py'):
      with open(full, encoding='utf-8') as file:
        source = file.read()
      try:
        compile(source, path, 'exec')
      except SyntaxError as error:
        print(f'{path}:{error.lineno}: {error.msg}')
        ok = False
      continue
    with open(full, 'rb') as file:
      first = file.readline()
    if first.startswith((b'#!/bin/bash', b'#!/bin/sh')):
      ok &= run(['bash', '-n', path])
  return ok


def check_includes(_):
  return run([sys.executable,
              os.path.join(bazel_results.ROOT, 'tools', 'check_includes.py')])


def tests(*options):
  """A step that runs the quick tests with these options of Bazel."""
  def step(targets):
    results = bazel_results.test(targets, options)
    for name in results.failed:
      print(f'failed: {name}')
    print(results.summary())
    return not results.failed
  return step


def sanitized(config, tags=_QUICK):
  # A folder of its own, or each change of configuration would build
  # everything again.
  return tests(f'--config={config}', f'--platform_suffix=-{config}',
               f'--test_tag_filters={tags}', '--build_tests_only')


STEPS = {
    'format': check_format,
    'scripts': check_scripts,
    'includes': check_includes,
    'unit': tests(f'--test_tag_filters={_QUICK}'),
    'clang': sanitized('clang'),
    'asan': sanitized('asan'),
    'tsan': sanitized('tsan', f'-no-tsan,{_QUICK}'),
}


def main():
  arguments = sys.argv[1:]
  targets = ['//...']
  if '--' in arguments:
    cut = arguments.index('--')
    arguments, targets = arguments[:cut], arguments[cut + 1:] or targets
  unknown = [name for name in arguments if name not in STEPS]
  if unknown:
    sys.exit(f'tools/check: no step {", ".join(unknown)}; '
             f'there are {", ".join(STEPS)}')
  outcomes = {}
  stop_signal.install()
  try:
    for name in arguments or STEPS:
      print(f'== {name}', flush=True)
      outcomes[name] = STEPS[name](targets)
  except stop_signal.Stopped as stopped:
    print('tools/check: interrupted', file=sys.stderr)
    sys.exit(128 + stopped.number)
  print('== ' + ', '.join(f'{name} {"ok" if ok else "FAILED"}'
                          for name, ok in outcomes.items()))
  sys.exit(0 if all(outcomes.values()) else 1)


if __name__ == '__main__':
  main()
