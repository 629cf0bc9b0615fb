"""OpRegions as firmware leaves them in memory, one for each case of what
vfio-pci makes of them. The host lays them there, the guest compares."""

import struct

ADDRESS = 0x10000000
# From one to the next, and room for the table beyond the 8 KiB.
_STRIDE = 0x10000
_SIZE = 0x2000
_TABLE_AT = 0x6000
RESERVED_SIZE = 8 * _STRIDE
# Longer than the 6 KiB of mailbox 4.
TABLE = b'$VBT ORIEL'.ljust(20) + bytes(i * 7 & 0xff for i in range(0x21ef))

# Versions as the header has them.
_V20 = 0x0200
_V21 = 0x0201


def _op_region(version, rvda=0, rvds=0, signature=b'IntelGraphicsMem',
               size_kib=8):
  """Without mailboxes but numbers, so that what arrives can be compared."""
  content = bytearray((i // 16) & 0xff for i in range(_SIZE))
  content[0:0x20] = struct.pack('<16sIHH8x', signature, size_kib, 0, version)
  content[0x3ba:0x3c6] = struct.pack('<QI', rvda, rvds)
  return bytes(content)


def _all():
  """(name, what lies at its address, what lies at _TABLE_AT behind it)."""
  def address(index):
    return ADDRESS + index * _STRIDE
  return [
      ('plain', _op_region(_V20), b''),
      ('2.0 absolute',
       _op_region(_V20, address(1) + _TABLE_AT, len(TABLE)), TABLE),
      ('2.1 relative', _op_region(_V21, _TABLE_AT, len(TABLE)), TABLE),
      ('bad signature', _op_region(_V20, signature=b'NoGraphicsMemory'), b''),
      # vfio-pci then offers 16 KiB, and dies of a read beyond the first 8.
      ('odd size', _op_region(_V20, size_kib=16), b''),
  ]


def image():
  """What lies at ADDRESS."""
  content = bytearray(RESERVED_SIZE)
  for index, (_, op_region, table) in enumerate(_all()):
    begin = index * _STRIDE
    content[begin:begin + _SIZE] = op_region
    content[begin + _TABLE_AT:begin + _TABLE_AT + len(table)] = table
  return bytes(content)


def address(name):
  return ADDRESS + [case[0] for case in _all()].index(name) * _STRIDE


def show(name):
  """Has vfio-pci find it when a device is opened next."""
  with open('/sys/module/igdfake/parameters/opregion_address', 'w',
            encoding='ascii') as file:
    file.write(str(address(name)))


def content(name):
  """The first 8 KiB."""
  return next(case[1] for case in _all() if case[0] == name)
