#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "capture/device/device.h"

namespace oriel::capture {

// A memfd with a writable view: what the "guest" draws into.
class FakeMemory {
 public:
  explicit FakeMemory(size_t size_bytes);
  ~FakeMemory();
  FakeMemory(const FakeMemory&) = delete;
  FakeMemory& operator=(const FakeMemory&) = delete;

  int fd() const { return fd_.get(); }
  std::span<uint8_t> bytes() { return {view_, size_bytes_}; }
  // Switches the memory off from `size_bytes` on: touching it is a SIGBUS.
  void Truncate(size_t size_bytes);

 private:
  UniqueFd fd_;
  const size_t size_bytes_;
  uint8_t* view_ = nullptr;
};

// Builds the bytes of a complete VFIO_DEVICE_GET_REGION_INFO reply, rightly
// formed unless Poke says otherwise.
class RegionReply {
 public:
  RegionReply(uint32_t index, uint32_t flags, uint64_t size_bytes,
              uint64_t file_offset = 0);
  RegionReply& AddType(uint32_t type, uint32_t subtype);
  // `areas` are (offset, size) pairs.
  RegionReply& AddSparse(
      const std::vector<std::pair<uint64_t, uint64_t>>& areas);
  // `body` follows the 8-byte header.
  RegionReply& AddCapability(uint16_t id, uint16_t version,
                             const std::vector<uint8_t>& body);
  // Overwrites bytes at `at` with `value`, little parts first.
  RegionReply& Poke16(size_t at, uint16_t value);
  RegionReply& Poke32(size_t at, uint32_t value);
  RegionReply& Poke64(size_t at, uint64_t value);
  RegionReply& Truncate(size_t size_bytes);

  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  void Put(size_t at, const void* value, size_t size);

  std::vector<uint8_t> bytes_;
  size_t last_capability_ = 0;  // 0: none yet
};

// A device whose every answer a test gives. Answers as vfio-pci does unless a
// hook says otherwise. Thread-compatible, as Device.
class FakeDevice : public OwnedDevice {
 public:
  // Answers one GetRegionInfo whose argsz is reply.size().
  using RegionInfoHook = std::function<absl::Status(std::span<uint8_t> reply)>;
  using PlaneHook = std::function<absl::StatusOr<vfio_device_gfx_plane_info>(
      uint32_t flags, uint32_t drm_plane_type)>;
  using DmaBufHook =
      std::function<absl::StatusOr<std::unique_ptr<DmaBuf>>(uint32_t id)>;
  // Called after the bytes were stored, when the region has memory.
  using WriteHook = std::function<absl::Status(uint32_t index, uint64_t offset,
                                               std::span<const uint8_t> bytes)>;
  struct WriteRecord {
    uint32_t index = 0;
    uint64_t offset = 0;
    std::vector<uint8_t> bytes;
  };

  explicit FakeDevice(std::string description = "a fake device");

  // Nine regions, as vfio-pci, unless set.
  void set_info(const DeviceInfo& info) { info_ = info; }
  // `memory` may be null: then the region can neither be read nor mapped.
  void SetRegion(uint32_t index, std::vector<uint8_t> reply,
                 std::shared_ptr<FakeMemory> memory = nullptr);
  void SetRegionInfoHook(uint32_t index, RegionInfoHook hook);
  void set_plane_hook(PlaneHook hook) { plane_hook_ = std::move(hook); }
  void set_dma_buf_hook(DmaBufHook hook) { dma_buf_hook_ = std::move(hook); }
  void set_write_hook(WriteHook hook) { write_hook_ = std::move(hook); }
  // A device that has gone answers every call with this.
  void set_failure(absl::Status failure) { failure_ = std::move(failure); }
  void set_hangup_fd(int fd) { hangup_fd_ = fd; }

  // The plane of mdpy: REGION `plane.region_index`, whatever plane is asked
  // for; a probe for anything else is kInvalidArgument.
  void SetRegionPlane(const vfio_device_gfx_plane_info& plane);

  // argsz of each GetRegionInfo so far.
  const std::vector<size_t>& region_info_sizes() const { return sizes_; }
  const std::vector<WriteRecord>& writes() const { return writes_; }
  int resets() const { return resets_; }

  std::string description() const override { return description_; }
  absl::StatusOr<DeviceInfo> GetInfo() override;
  absl::Status GetRegionInfo(uint32_t index, std::span<uint8_t> reply) override;
  absl::StatusOr<size_t> Read(const RegionAddress& region, uint64_t offset,
                              std::span<uint8_t> out) override;
  absl::StatusOr<Mapping> Map(const RegionAddress& region, uint64_t offset,
                              size_t size_bytes) override;
  absl::StatusOr<vfio_device_gfx_plane_info> QueryPlane(
      uint32_t flags, uint32_t drm_plane_type) override;
  absl::StatusOr<std::unique_ptr<DmaBuf>> GetPlaneDmaBuf(uint32_t id) override;
  int hangup_fd() const override { return hangup_fd_; }
  absl::Status Write(const RegionAddress& region, uint64_t offset,
                     std::span<const uint8_t> bytes) override;
  absl::Status Reset() override;

 private:
  struct FakeRegion {
    std::vector<uint8_t> reply;
    std::shared_ptr<FakeMemory> memory;
    RegionInfoHook info_hook;
  };

  absl::StatusOr<FakeMemory*> MemoryOf(uint32_t index);

  const std::string description_;
  DeviceInfo info_;
  absl::Status failure_;
  std::map<uint32_t, FakeRegion> regions_;
  PlaneHook plane_hook_;
  DmaBufHook dma_buf_hook_;
  WriteHook write_hook_;
  std::vector<size_t> sizes_;
  std::vector<WriteRecord> writes_;
  int resets_ = 0;
  int hangup_fd_ = -1;
};

}  // namespace oriel::capture
