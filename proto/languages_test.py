#!/usr/bin/env python3
"""The wire compiles with every protoc plug-in that Debian has."""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROTO = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(PROTO), 'tests'))

import case_results

# The interpreter that has Debian's packages, whichever runs this test.
PYTHON = '/usr/bin/python3'
WIRE = [f'oriel/v1/{name}.proto' for name in ('device', 'display', 'streaming')]
CONFIG = ['oriel/config/v1/config.proto']
BUILT_IN = ('cpp', 'csharp', 'java', 'kotlin', 'objc', 'php', 'python', 'pyi',
            'ruby')
# As protoc calls them -> the program.
PLUGINS = {
    'c': 'protoc-gen-c',
    'go': 'protoc-gen-go',
    'go-grpc': 'protoc-gen-go-grpc',
    'nanopb': 'protoc-gen-nanopb',
    'rust': 'protoc-gen-rust',
    'grpc-cpp': 'grpc_cpp_plugin',
    'grpc-java': 'grpc_java_plugin',
    'grpc-php': 'grpc_php_plugin',
    'grpc-python': 'grpc_python_plugin',
    'grpc-ruby': 'grpc_ruby_plugin',
}
# Parses, tells absent from 0, and has the services' stubs.
USE_PYTHON = """
from oriel.v1 import streaming_pb2, streaming_pb2_grpc
streaming_pb2_grpc.StreamServiceStub
cursor = streaming_pb2.Cursor(visible=True)
assert not cursor.HasField('hot_x_px')
cursor.hot_x_px = 0
bytes = cursor.SerializeToString()
assert bytes == b'\\x08\\x01\\x20\\x00', bytes
assert streaming_pb2.Cursor.FromString(bytes).HasField('hot_x_px')
assert not streaming_pb2.Cursor.FromString(bytes).HasField('hot_y_px')
"""


class Compiles(unittest.TestCase):

  def setUp(self):
    work = tempfile.TemporaryDirectory()
    self.addCleanup(work.cleanup)
    self.out = work.name

  def run_program(self, *command):
    done = subprocess.run(command, cwd=self.out, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding='utf-8')
    self.assertEqual(done.returncode, 0, f'{command}: {done.stdout}')

  def compile(self, name, protos, *options):
    self.run_program('protoc', f'-I{PROTO}', f'--{name}_out={self.out}',
                     *options, *protos)
    made = glob.glob(self.out + '/**/*.*', recursive=True)
    self.assertGreaterEqual(len([m for m in made if os.path.getsize(m)]),
                            len(protos))

  def with_plugin(self, name, program):
    path = shutil.which(program)
    if not path:
      self.skipTest(f'{program} is not installed; run tools/install_packages')
    self.compile(name, WIRE, f'--plugin=protoc-gen-{name}={path}')

  def test_by_python3_grpc_tools(self):
    if subprocess.run([PYTHON, '-c', 'import grpc_tools'],
                      stderr=subprocess.DEVNULL).returncode != 0:
      self.skipTest('python3-grpc-tools is not installed; '
                    'run tools/install_packages')
    self.run_program(PYTHON, '-m', 'grpc_tools.protoc', f'-I{PROTO}',
                     f'--python_out={self.out}',
                     f'--grpc_python_out={self.out}', *WIRE, *CONFIG)
    self.run_program(PYTHON, '-c', USE_PYTHON)


def add_cases():
  for name in BUILT_IN:
    setattr(Compiles, f'test_to_{name}',
            lambda self, name=name: self.compile(name, WIRE + CONFIG))
  for name, program in PLUGINS.items():
    setattr(Compiles, 'test_to_' + name.replace('-', '_'),
            lambda self, name=name, program=program:
            self.with_plugin(name, program))


if __name__ == '__main__':
  add_cases()
  case_results.main()
