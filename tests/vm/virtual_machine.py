"""Boots the guest under QEMU and waits for it to power itself off."""

import os
import shlex
import struct
import subprocess
import tempfile

import guest_kernel

OPREGION_ADDRESS = 0x10000000
# Of the PCI function that has a plane of its own, on bus 0.
DISPLAY_SLOT = 0x10
_OPREGION_SIZE = 8192


def opregion():
  """An OpRegion 2.0 without mailboxes: what vfio-pci looks at, and the rest
  in numbers, so that what arrives can be compared."""
  content = bytearray((i // 16) & 0xff for i in range(_OPREGION_SIZE))
  content[0:0x20] = struct.pack('<16sIHH8x', b'IntelGraphicsMem',
                                _OPREGION_SIZE // 1024, 0, 0x0200)
  # RVDA and RVDS: no VBT beyond the 8 KiB.
  content[0x3ba:0x3c6] = bytes(12)
  return bytes(content)


def run(command, out_folder, timeout_s):
  """Runs a shell command as root in the guest; its console as text.

  The guest sees this machine's files (changes stay in its memory), and
  `out_folder` as /out, where what it writes stays.
  """
  kernel = guest_kernel.version()
  with open(os.path.join(out_folder, 'run'), 'w', encoding='utf-8') as file:
    file.write(f'''#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/tmp
export XDG_RUNTIME_DIR=/run LANG=C.UTF-8
ip link set lo up 2>/dev/null || busybox ip link set lo up
{command}
echo $? >/out/status
sync
busybox poweroff -f
''')
  with tempfile.TemporaryDirectory(prefix='oriel-vm-') as work:
    initramfs = os.path.join(work, 'initramfs')
    guest_kernel.write_initramfs(kernel, initramfs)
    opregion_file = os.path.join(work, 'opregion')
    with open(opregion_file, 'wb') as file:
      file.write(opregion())
    console = os.path.join(out_folder, 'console')
    try:
      subprocess.run(
          _qemu(kernel, initramfs, opregion_file, out_folder, console),
          stdin=subprocess.DEVNULL, timeout=timeout_s, check=True)
      ending = ''
    except subprocess.TimeoutExpired:
      ending = f'\nthe guest did not finish within {timeout_s} s\n'
    except subprocess.CalledProcessError as error:
      ending = f'\nQEMU ended with status {error.returncode}\n'
    return read_text(console) + ending


def read_text(path):
  try:
    with open(path, encoding='utf-8', errors='replace') as file:
      return file.read()
  except OSError as error:
    return f'({error})'


def _share(path, tag, *options):
  return ','.join([f'local,path={path},mount_tag={tag}', 'security_model=none',
                   'multidevs=remap'] + list(options))


def _qemu(kernel, initramfs, opregion_file, out_folder, console):
  # 64 KiB that the kernel leaves alone hold the OpRegion. On a busy machine the
  # kernel's check of the emulated timer can fail, which is a panic.
  append = ('console=ttyS0 quiet panic=-1 no_timer_check intel_iommu=on '
            f'memmap=64K${OPREGION_ADDRESS:#x}')
  return [
      'qemu-system-x86_64', '-nodefaults', '-no-user-config', '-no-reboot',
      '-M', 'q35,kernel-irqchip=off', '-accel', 'tcg,thread=multi',
      '-cpu', 'max', '-smp', '2', '-m', '2G', '-display', 'none',
      '-device', 'intel-iommu',
      # vfio-pci wants the class of a VGA device when it is scanned.
      '-vga', 'none', '-device', 'VGA,romfile=',
      '-device', f'bochs-display,addr={DISPLAY_SLOT:#x}',
      '-device', f'loader,file={opregion_file},addr={OPREGION_ADDRESS:#x},'
                 'force-raw=on',
      '-kernel', f'/boot/vmlinuz-{kernel}', '-initrd', initramfs,
      '-append', append, '-serial', f'file:{console}',
      '-virtfs', _share('/', 'host', 'readonly=on'),
      '-virtfs', _share(out_folder, 'out'),
  ]


def guest_command(script, arguments):
  return shlex.join(['python3', '-B', script] + list(arguments))
