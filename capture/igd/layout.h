#pragma once

#include <cstddef>
#include <cstdint>

namespace oriel::capture::igd::layout {

// Offsets in the OpRegion (Intel's IGD OpRegion specification; Linux 6.1,
// intel_opregion.c).
inline constexpr char kSignature[] = "IntelGraphicsMem";
inline constexpr size_t kSignatureBytes = 16;
inline constexpr size_t kSizeKib = 0x10;
inline constexpr size_t kRevision = 0x15;
inline constexpr size_t kMinor = 0x16;
inline constexpr size_t kMajor = 0x17;
inline constexpr size_t kMailboxes = 0x58;
inline constexpr size_t kHeaderBytes = 0x100;
inline constexpr size_t kAcpiLidState = 0x1AC;
inline constexpr size_t kVbtAddress = 0x3BA;
inline constexpr size_t kVbtSize = 0x3C2;
inline constexpr size_t kMailboxVbtStart = 0x400;
// Where the fifth mailbox starts, if there is one.
inline constexpr size_t kMailboxAsleExtStart = 0x1C00;

// Offsets in the VBT's header (Linux 6.1, intel_vbt_defs.h).
inline constexpr char kVbtSignature[] = "$VBT";
inline constexpr size_t kVbtSignatureBytes = 4;
inline constexpr size_t kVbtNameBytes = 20;  // with the signature
inline constexpr size_t kVbtVersion = 20;
inline constexpr size_t kVbtHeaderSize = 22;
inline constexpr size_t kVbtTableSize = 24;
inline constexpr size_t kVbtChecksum = 26;
inline constexpr size_t kVbtBdbOffset = 28;
inline constexpr size_t kVbtHeaderBytes = 48;

// Offsets in the BDB's header.
inline constexpr char kBdbSignature[] = "BIOS_DATA_BLOCK ";
inline constexpr size_t kBdbSignatureBytes = 16;
inline constexpr size_t kBdbVersion = 16;
inline constexpr size_t kBdbHeaderSize = 18;
inline constexpr size_t kBdbSize = 20;
inline constexpr size_t kBdbHeaderBytes = 22;

// A block: id, u16 size of the data, data.
inline constexpr size_t kBlockHeaderBytes = 3;
inline constexpr uint8_t kGeneralDefinitions = 2;
inline constexpr uint8_t kMipiSequence = 53;

// Offsets in the data of the general definitions.
inline constexpr size_t kChildSize = 4;
inline constexpr size_t kChildren = 5;

// Offsets in a child.
inline constexpr size_t kChildHandle = 0;
inline constexpr size_t kChildDeviceType = 2;
inline constexpr size_t kChildDvoPort = 16;
inline constexpr size_t kChildDdcPin = 19;
inline constexpr size_t kChildAuxChannel = 25;
inline constexpr size_t kMinChildBytes = 33;

}  // namespace oriel::capture::igd::layout
