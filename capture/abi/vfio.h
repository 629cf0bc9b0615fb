#pragma once

// The kernel's VFIO interface, and what is newer than Debian 12's header.
// Layouts only; no behaviour.

#include <linux/vfio.h>

#include <cstddef>
#include <cstdint>

namespace oriel::capture::abi {

// linux/vfio.h: VFIO_REGION_TYPE_PCI_VENDOR_TYPE | Intel's PCI vendor id.
inline constexpr uint32_t kIntelRegionType =
    VFIO_REGION_TYPE_PCI_VENDOR_TYPE | 0x8086;

// linux/vfio.h, struct vfio_region_info up to its capabilities.
inline constexpr size_t kRegionInfoBytes = 32;
// struct vfio_device_gfx_plane_info without trailing padding.
inline constexpr size_t kPlaneInfoMinBytes = 60;

static_assert(sizeof(vfio_region_info) == kRegionInfoBytes);
static_assert(offsetof(vfio_region_info, size) == 16);
static_assert(offsetof(vfio_region_info, offset) == 24);
static_assert(sizeof(vfio_info_cap_header) == 8);
static_assert(sizeof(vfio_region_info_cap_type) == 16);
static_assert(offsetof(vfio_region_info_cap_sparse_mmap, areas) == 16);
static_assert(sizeof(vfio_device_gfx_plane_info) == 64);
static_assert(offsetof(vfio_device_gfx_plane_info, drm_format_mod) == 16);
static_assert(offsetof(vfio_device_gfx_plane_info, region_index) == 56);
static_assert(sizeof(vfio_region_gfx_edid) == 24);
static_assert(offsetof(vfio_region_gfx_edid, link_state) == 20);

}  // namespace oriel::capture::abi
