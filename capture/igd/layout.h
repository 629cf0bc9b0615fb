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
inline constexpr size_t kBiosVersion = 0x18;
inline constexpr size_t kBiosVersionBytes = 32;
inline constexpr size_t kVideoBiosVersion = 0x38;
inline constexpr size_t kVideoBiosVersionBytes = 16;
inline constexpr size_t kMailboxes = 0x58;
inline constexpr size_t kPlatformConfiguration = 0x60;
inline constexpr uint32_t kHeadlessSku = 1 << 13;
inline constexpr size_t kHeaderBytes = 0x100;
inline constexpr size_t kAcpiLidState = 0x1AC;
inline constexpr size_t kVbtAddress = 0x3BA;
inline constexpr size_t kVbtSize = 0x3C2;
inline constexpr size_t kMailboxVbtStart = 0x400;
// Where the fifth mailbox starts, if there is one.
inline constexpr size_t kMailboxAsleExtStart = 0x1C00;
// PHED, whose two lowest bits count the blocks of 128 bytes in BDDC.
inline constexpr size_t kPanelEdidHeader = 0x1C00;
inline constexpr size_t kPanelEdid = 0x1C04;
inline constexpr size_t kPanelEdidRoomBytes = 256;

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
inline constexpr uint8_t kLegacyChildren = 11;
inline constexpr uint8_t kLfpOptions = 40;
inline constexpr uint8_t kLfpDataPointers = 41;
inline constexpr uint8_t kLfpData = 42;
inline constexpr uint8_t kMipiSequence = 53;
inline constexpr uint8_t kGenericDtd = 58;

// Offsets in the data of the general definitions.
inline constexpr size_t kChildSize = 4;
inline constexpr size_t kChildren = 5;

// Offsets in the data of the legacy child devices (struct
// bdb_legacy_child_devices).
inline constexpr size_t kLegacyChildSize = 0;
inline constexpr size_t kLegacyFirstChild = 1;

// Offsets in a child.
inline constexpr size_t kChildHandle = 0;
inline constexpr size_t kChildDeviceType = 2;
inline constexpr size_t kChildDvoPort = 16;
inline constexpr size_t kChildDdcPin = 19;
// What every child has, up to the DDC pin.
inline constexpr size_t kLeastChildBytes = 20;
inline constexpr size_t kChildAuxChannel = 25;
// What readers of newer tables insist on (intel_bios.c).
inline constexpr size_t kSmallestCommonChildBytes = 33;
inline constexpr size_t kChildFlags2 = 33;
inline constexpr uint8_t kChildUsbTypeC = 1 << 0;
inline constexpr uint8_t kChildThunderbolt = 1 << 1;

// Offsets in the data of the LFP options.
inline constexpr size_t kPanelType = 0;
inline constexpr size_t kPanelType2 = 1;

// The LFP data pointers: how many tables there are for each panel, then for
// each panel three pointers of (u16 offset from the start of the BDB, u8 size),
// then one to the panels' names. The names are missing in old tables.
inline constexpr size_t kPanelCount = 16;
inline constexpr size_t kTablesPerPanel = 3;
inline constexpr size_t kPointerBytes = 3;
inline constexpr size_t kFirstPointer = 1;
inline constexpr size_t kNamePointer =
    kFirstPointer + kPanelCount * kTablesPerPanel * kPointerBytes;
inline constexpr size_t kMinFpTimingBytes = 32;
inline constexpr size_t kDtdBytes = 18;
inline constexpr size_t kPnpIdBytes = 10;
inline constexpr size_t kPanelNameBytes = 13;
inline constexpr uint16_t kFpTimingTerminator = 0xFFFF;
// Where there are no pointers (intel_bios.c, generate_lfp_data_ptrs).
inline constexpr size_t kDefaultFpTimingBytes = 38;
inline constexpr uint16_t kFirstVersionWithoutPointers = 155;

// The generic DTDs: u16 size of one, then one for each panel.
inline constexpr size_t kGenericDtdEntries = 2;
inline constexpr size_t kGenericDtdBytes = 28;
// From this BDB version on they come before the LFP data.
inline constexpr uint16_t kFirstVersionWithGenericDtd = 229;

}  // namespace oriel::capture::igd::layout
