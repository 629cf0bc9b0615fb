"""How soon Oriel lets go of devices, on a real kernel under QEMU."""

import json
import os
import statistics
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
VM = os.path.join(os.path.dirname(HERE), 'vm')
sys.path.insert(0, VM)

import guest_kernel
import virtual_machine

TARGETS = {
    'find_region': '//tests/vm:find_region',
    'oriel': '//clients/cli:oriel',
    'oriel-borrow': '//capture/borrow:oriel-borrow',
    'orield': '//service:orield',
    'stream_probe': '//tests/vm:stream_probe',
    'vm_guest': '//tests/vm/guest:vm_guest.elf',
}
_TIMEOUT_S = 1800


def measure(programs, rounds):
  """{what was measured: its seconds}; RuntimeError with the guest's words."""
  programs = {name: os.path.realpath(path) for name, path in programs.items()}
  programs['modules'] = guest_kernel.build_modules(guest_kernel.version())
  with tempfile.TemporaryDirectory(prefix='oriel-releases-') as out:
    with open(os.path.join(out, 'programs.json'), 'w', encoding='utf-8') as f:
      json.dump(programs, f)
    console = virtual_machine.run(
        virtual_machine.guest_command(
            os.path.join(VM, 'release_times.py'),
            ['/out/programs.json', '/out/times.json', str(rounds)]) +
        ' >/out/log 2>&1', out, _TIMEOUT_S)
    try:
      with open(os.path.join(out, 'times.json'), encoding='utf-8') as file:
        return json.load(file)
    except FileNotFoundError:
      log = virtual_machine.read_text(os.path.join(out, 'log'))
      raise RuntimeError(console + log) from None


def table(seconds):
  """Markdown."""
  lines = ['| what | rounds | median ms | max ms |', '| --- | --- | --- | --- |']
  for what, values in seconds.items():
    lines.append(f'| {what} | {len(values)} | '
                 f'{1000 * statistics.median(values):.0f} | '
                 f'{1000 * max(values):.0f} |')
  return '\n'.join(lines) + '\n'
