"""Runs unittest cases and writes each one's result where Bazel wants it.

Without this a script counts as one test, and a skipped case as a passed one.
"""

import os
import sys
import time
import traceback
import unittest
import xml.etree.ElementTree as ElementTree

# Bytes that no XML document may hold.
_CONTROL = {i: '?' for i in range(32) if i not in (9, 10, 13)}


class _Result(unittest.TextTestResult):

  def __init__(self, *args, **kwargs):
    super().__init__(*args, **kwargs)
    self.root = ElementTree.Element('testsuite')
    self._start = 0.0

  def startTest(self, test):
    self._start = time.monotonic()
    super().startTest(test)

  def _add(self, test, kind=None, text=''):
    name = test.id().split('.')
    duration = time.monotonic() - self._start
    case = ElementTree.SubElement(
        self.root, 'testcase', classname='.'.join(name[:-1]), name=name[-1],
        time=f'{duration:.3f}')
    if kind:
      text = text.translate(_CONTROL)
      element = ElementTree.SubElement(case, kind, message=text[:500])
      element.text = text

  def addSuccess(self, test):
    super().addSuccess(test)
    self._add(test)

  def addSkip(self, test, reason):
    super().addSkip(test, reason)
    self._add(test, 'skipped', reason)

  def addFailure(self, test, err):
    super().addFailure(test, err)
    self._add(test, 'failure', ''.join(traceback.format_exception(*err)))

  def addError(self, test, err):
    super().addError(test, err)
    self._add(test, 'error', ''.join(traceback.format_exception(*err)))

  def addSubTest(self, test, subtest, err):
    super().addSubTest(test, subtest, err)
    if err is not None:
      self._add(test, 'failure', str(subtest) + '\n' + ''.join(
          traceback.format_exception(*err)))

  def write(self, path):
    self.root.set('tests', str(len(self.root)))
    ElementTree.ElementTree(self.root).write(path, encoding='utf-8',
                                             xml_declaration=True)


def run_modules(module_names, xml_path=None):
  """Runs the cases of modules in this order; true when none failed."""
  loader = unittest.defaultTestLoader
  suite = unittest.TestSuite(
      loader.loadTestsFromModule(sys.modules[name]) for name in module_names)
  runner = unittest.TextTestRunner(stream=sys.stdout, verbosity=2,
                                   resultclass=_Result)
  result = runner.run(suite)
  path = xml_path or os.environ.get('XML_OUTPUT_FILE')
  if path:
    result.write(path)
  return result.wasSuccessful()


def main():
  sys.exit(0 if run_modules(['__main__']) else 1)
