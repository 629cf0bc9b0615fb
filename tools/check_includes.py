"""Verifies that every include of ours is a direct dependency which the table
of rooms allows (the table binds no test). Bazel's visibility does not stop a transitive include."""

import collections
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import bazel_results
import rooms

_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
_GENERATED = ('.pb.h', '.pb.cc')


def query(expression, *options):
  result = subprocess.run(
      ['bazel', 'query', expression] + list(options), cwd=bazel_results.ROOT,
      stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8')
  if result.returncode != 0:
    sys.exit(f'check_includes: bazel query failed:\n{result.stderr}')
  return result.stdout


def path_of(label):
  return label[2:].replace(':', '/').lstrip('/')


class Target:
  """A C++ rule: the files it lists and what it depends on directly."""

  def __init__(self, rule):
    self.label = rule.get('name')
    self.sources = self._labels(rule, 'srcs')
    self.headers = self._labels(rule, 'hdrs')
    self.deps = set(self._labels(rule, 'deps'))
    strip = rule.find("string[@name='strip_include_prefix']")
    self.strip = strip.get('value').strip('/') + '/' if strip is not None else ''
    testonly = rule.find("boolean[@name='testonly']")
    self.testonly = rule.get('class') == 'cc_test' or (
        testonly is not None and testonly.get('value') == 'true')

  @staticmethod
  def _labels(rule, name):
    found = rule.find(f"list[@name='{name}']")
    return [] if found is None else [e.get('value') for e in found]

  def include_name(self, label):
    path = path_of(label)
    if self.strip and path.startswith(self.strip):
      return path[len(self.strip):]
    return path


def read_targets():
  rules = ElementTree.fromstring(
      query('kind("cc_(library|binary|test) rule", //...)', '--output=xml'))
  return [Target(rule) for rule in rules.iter('rule')]


class Checker:

  def __init__(self, targets):
    self.targets = targets
    self.problems = set()
    # Include name -> {label of a target that provides it: path of the file}.
    self.providers = collections.defaultdict(dict)
    for target in targets:
      for label in target.headers + target.sources:
        if label.startswith('//'):
          self.providers[target.include_name(label)][target.label] = path_of(
              label)

  def check(self):
    for target in self.targets:
      for label in target.sources + target.headers:
        path = path_of(label)
        full = os.path.join(bazel_results.ROOT, path)
        if label.startswith('//') and not path.endswith(_GENERATED):
          if os.path.isfile(full):
            self._check_file(target, path, full)
    self._check_unlisted()
    return sorted(self.problems)

  def _check_file(self, target, path, full):
    with open(full, encoding='utf-8') as file:
      text = file.read()
    for quote, name in _INCLUDE.findall(text):
      providers = self.providers.get(name)
      if providers:
        self._check_ours(target, path, name, providers)
      elif quote == '"' and self._looks_like_ours(name):
        self.problems.add(f'{path}: "{name}" is listed by no target')
      elif not rooms.may_include_library(path, name):
        self.problems.add(f'{path}: {rooms.room_of(path)} may not include '
                          f'the library header {name}')

  def _check_ours(self, target, path, name, providers):
    included = next(iter(providers.values()))
    # Tests may hold a room against its neighbours, as Bazel's visibility
    # allows.
    if not target.testonly and not rooms.may_include(path, included):
      self.problems.add(
          f'{path}: {rooms.room_of(path) or "no room"} may not include '
          f'"{name}" of {rooms.room_of(included) or "no room"}')
    if target.label not in providers and not target.deps & providers.keys():
      self.problems.add(
          f'{path}: {target.label} needs a direct dependency for "{name}": '
          f'{" or ".join(sorted(providers))}')

  @staticmethod
  def _looks_like_ours(name):
    first = name.split('/')[0]
    return first == 'oriel' or os.path.isdir(
        os.path.join(bazel_results.ROOT, first))

  def _check_unlisted(self):
    """A C++ file that no target lists is never compiled and never checked."""
    listed = {path_of(label) for target in self.targets
              for label in target.sources + target.headers}
    tracked = subprocess.run(
        ['git', 'ls-files', '*.h', '*.cc'], cwd=bazel_results.ROOT,
        check=True, stdout=subprocess.PIPE, encoding='utf-8').stdout.split()
    exported = {path_of(label) for label in query(
        'kind("source file", deps(//...))').split() if label.startswith('//')}
    for path in tracked:
      if path not in listed and path not in exported:
        self.problems.add(f'{path}: no target lists this file')


def check_never_depends():
  """Violations of rooms.NEVER_DEPENDS."""
  problems = []
  known = set(query('kind(rule, //...)').split())
  for label, packages in rooms.NEVER_DEPENDS.items():
    if label not in known:
      problems.append(f'tools/rooms.py names {label}, which does not exist')
      continue
    for dependency in query(f'deps({label})').split():
      for package in packages:
        if (dependency + '/').startswith((package + '/', package + ':')):
          problems.append(f'{label} must not depend on {dependency}')
  return problems


def main():
  problems = Checker(read_targets()).check() + check_never_depends()
  for problem in problems:
    print(problem)
  sys.exit(1 if problems else 0)


if __name__ == '__main__':
  main()
