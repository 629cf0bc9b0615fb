"""Runs `bazel test` and reads its results, counted in test cases."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.parse
import xml.etree.ElementTree as ElementTree

import stop_signal

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


@dataclasses.dataclass
class Results:
  """Names are '//package:target Suite.Case'; a skipped one comes with its
  reason."""
  passed: list = dataclasses.field(default_factory=list)
  failed: list = dataclasses.field(default_factory=list)
  skipped: list = dataclasses.field(default_factory=list)

  def summary(self):
    line = f'{len(self.passed)} passed, {len(self.failed)} failed'
    if self.skipped:
      line += f', {len(self.skipped)} skipped'
    return line


def run_bazel(arguments, **kwargs):
  """Bazel's exit status. A wish to stop ends Bazel first, then raises."""
  process = subprocess.Popen(['bazel'] + arguments, cwd=ROOT, **kwargs)
  stop_signal.at_end_now(process.kill)
  try:
    return process.wait()
  except stop_signal.Stopped:
    # The terminal has sent SIGINT to Bazel too, which cancels the build and
    # stops the tests; a kill from elsewhere has not.
    process.send_signal(signal.SIGINT)
    process.wait()
    raise


def build(targets):
  """Builds {name: label}; {name: path of the program}, None on failure.

  Bazel's words go to stderr: stdout is the caller's.
  """
  if run_bazel(['build'] + list(targets.values()), stdout=sys.stderr) != 0:
    return None
  folder = subprocess.run(
      ['bazel', 'info', 'bazel-bin'], cwd=ROOT, check=True,
      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
      encoding='utf-8').stdout.strip()
  return {name: os.path.join(folder, label[2:].replace(':', '/'))
          for name, label in targets.items()}


def test(targets, options=()):
  """Runs the tests and returns Results, also when something is not built."""
  with tempfile.NamedTemporaryFile(prefix='oriel-tests-') as events:
    status = run_bazel(
        ['test', '--keep_going', f'--build_event_json_file={events.name}'] +
        list(options) + ['--'] + list(targets))
    with open(events.name, encoding='utf-8') as lines:
      results = read_events(lines)
  # 4: no test was found, which filters can cause.
  if status not in (0, 4) and not results.failed:
    results.failed.append(f'bazel test (exit status {status})')
  return results


def read_events(lines):
  """Results of Bazel's build events, one JSON object a line."""
  results = Results()
  configured, seen = {}, set()
  for line in lines:
    if not line.strip():
      continue
    event = json.loads(line)
    kind = event.get('id', {})
    if 'targetConfigured' in kind:
      if event.get('configured', {}).get('testSize'):
        configured[kind['targetConfigured']['label']] = True
    elif 'testResult' in kind:
      label = kind['testResult']['label']
      seen.add(label)
      _add_test(results, label, event.get('testResult', {}))
    elif 'testSummary' in kind:
      # A target that a tag filter left out has neither result nor summary.
      label = kind['testSummary']['label']
      if 'testSummary' not in event and label not in seen:
        results.failed.append(f'{label} (not built)')
        seen.add(label)
    elif 'targetCompleted' in kind:
      label = kind['targetCompleted']['label']
      if (label in configured and label not in seen and
          not event.get('completed', {}).get('success')):
        results.failed.append(f'{label} (not built)')
        seen.add(label)
  return results


def _add_test(results, label, result):
  succeeded = result.get('status') in ('PASSED', 'FLAKY')
  cases = []
  for output in result.get('testActionOutput', []):
    if output.get('name') == 'test.xml':
      path = urllib.parse.unquote(urllib.parse.urlparse(output['uri']).path)
      cases = read_cases(path)
  failed = 0
  for name, outcome, reason in cases:
    if outcome == 'skipped':
      results.skipped.append((f'{label} {name}', reason))
    elif outcome == 'failed':
      results.failed.append(f'{label} {name}')
      failed += 1
    else:
      results.passed.append(f'{label} {name}')
  if not cases and succeeded:
    results.passed.append(label)
  elif not succeeded and not failed:
    # It crashed, timed out, or a sanitizer spoke after the last case.
    results.failed.append(f'{label} ({result.get("status", "no status")})')


def read_cases(path):
  """[(name, 'passed' | 'failed' | 'skipped', reason)] of a test.xml."""
  try:
    tree = ElementTree.parse(path)
  except (OSError, ElementTree.ParseError):
    return []
  cases = []
  for case in tree.iter('testcase'):
    if case.get('status') == 'notrun':
      continue
    name = '.'.join(filter(None, [case.get('classname'), case.get('name')]))
    skipped = case.find('skipped')
    if case.find('failure') is not None or case.find('error') is not None:
      cases.append((name, 'failed', ''))
    elif skipped is not None:
      reason = skipped.get('message') or (skipped.text or '').strip()
      cases.append((name, 'skipped', reason or 'no reason given'))
    else:
      cases.append((name, 'passed', ''))
  return cases
