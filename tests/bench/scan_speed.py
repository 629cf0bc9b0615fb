"""How fast the scan for changes reads memory, beside memcmp."""

import json
import statistics
import subprocess

TARGET = '//capture/damage:scan_benchmark'
_SCAN = 'BM_Scan/percent:0'
_MEMCMP = 'BM_Memcmp'


def speeds(report):
  """(scan's, memcmp's) medians in GB/s of Google Benchmark's JSON; None when
  it has other names by now."""
  found = {_SCAN: [], _MEMCMP: []}
  for run in report['benchmarks']:
    if run.get('run_type') != 'aggregate' and run['run_name'] in found:
      found[run['run_name']].append(run['bytes_per_second'] / 1e9)
  if not all(found.values()):
    return None
  return tuple(statistics.median(values) for values in found.values())


def measure(program):
  done = subprocess.run(
      [program, '--benchmark_format=json', '--benchmark_repetitions=5',
       f'--benchmark_filter=^({_SCAN}|{_MEMCMP})$'],
      check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
  return speeds(json.loads(done.stdout))


def text(measured):
  if measured is None:
    return ''
  scan, memcmp = measured
  return (f'An unchanged picture of 1920x1080 is scanned at {scan:.1f} GB/s, '
          f'{scan / memcmp:.2f} of memcmp\'s {memcmp:.1f} GB/s\n'
          f'(`{TARGET}`; each reads a picture in memory and another).\n')
