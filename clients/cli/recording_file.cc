#include "clients/cli/recording_file.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <limits>
#include <utility>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/error.h>
#include <libavutil/mathematics.h>
#include <libavutil/opt.h>
}

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/version.h"
#include "clients/cli/annex_b.h"
#include "clients/cli/disk_file.h"

namespace oriel::clients {
namespace {

// Divides 60, 50 and 30 Hz, and is what .mp4 players know of video.
constexpr AVRational kFileTimeBase = {1, 90'000};
constexpr AVRational kMicroseconds = {1, 1'000'000};
// How long one frame can stand in an .mp4: its table has 32 bits for that, of
// which FFmpeg leaves one out.
constexpr int64_t kLongestMp4FrameTicks = INT32_MAX - 1;
// A killed recorder loses about this much of an .mkv beside its last frame.
constexpr int64_t kMkvFlushUs = 1'000'000;
constexpr int kBufferBytes = 64 * 1024;
// What a file needs beside its access units: its beginning and what is still
// in buffers, and for each frame its entries in the index (about 40 bytes in
// an .mp4).
constexpr int64_t kFileOverheadBytes = 256 * 1024;
constexpr int64_t kFrameOverheadBytes = 128;

std::string ErrorText(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof(text));
  return text;
}

std::string Extension(const std::string& path) {
  const size_t slash = path.rfind('/');
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) {
    return "";
  }
  std::string extension = path.substr(dot);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension;
}

struct FormatDeleter {
  void operator()(AVFormatContext* context) const {
    avformat_free_context(context);
  }
};
struct IoDeleter {
  void operator()(AVIOContext* io) const {
    av_freep(&io->buffer);
    avio_context_free(&io);
  }
};
struct PacketDeleter {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct FilterDeleter {
  void operator()(AVBSFContext* filter) const { av_bsf_free(&filter); }
};

AVCodecID IdOf(v1::VideoCodec codec) {
  switch (codec) {
    case v1::VIDEO_CODEC_H264:
      return AV_CODEC_ID_H264;
    case v1::VIDEO_CODEC_VP9:
      return AV_CODEC_ID_VP9;
    case v1::VIDEO_CODEC_AV1:
      return AV_CODEC_ID_AV1;
    default:
      return AV_CODEC_ID_NONE;
  }
}

// The sequence header of an AV1 keyframe, which both formats keep beside the
// access units.
absl::StatusOr<std::vector<uint8_t>> SequenceHeader(
    std::span<const uint8_t> keyframe) {
  AVBSFContext* made = nullptr;
  const AVBitStreamFilter* const kind = av_bsf_get_by_name("extract_extradata");
  if (kind == nullptr || av_bsf_alloc(kind, &made) < 0) {
    return absl::InternalError("this machine's FFmpeg cannot write AV1");
  }
  const std::unique_ptr<AVBSFContext, FilterDeleter> filter(made);
  filter->par_in->codec_type = AVMEDIA_TYPE_VIDEO;
  filter->par_in->codec_id = AV_CODEC_ID_AV1;
  const std::unique_ptr<AVPacket, PacketDeleter> packet(av_packet_alloc());
  if (packet == nullptr || av_bsf_init(filter.get()) < 0 ||
      av_new_packet(packet.get(), static_cast<int>(keyframe.size())) < 0) {
    return absl::ResourceExhaustedError("no memory to begin a file of AV1");
  }
  std::memcpy(packet->data, keyframe.data(), keyframe.size());
  size_t size_bytes = 0;
  const uint8_t* header = nullptr;
  if (av_bsf_send_packet(filter.get(), packet.get()) >= 0 &&
      av_bsf_receive_packet(filter.get(), packet.get()) >= 0) {
    header = av_packet_get_side_data(packet.get(), AV_PKT_DATA_NEW_EXTRADATA,
                                     &size_bytes);
  }
  if (header == nullptr) {
    return absl::InvalidArgumentError(
        "a keyframe without its sequence header cannot begin a file");
  }
  return std::vector<uint8_t>(header, header + size_bytes);
}

// What a file keeps of the codec beside its access units. H.264's is in Annex
// B, which makes both muxers convert it and every access unit.
absl::StatusOr<std::vector<uint8_t>> ExtradataOf(
    v1::VideoCodec codec, std::span<const uint8_t> keyframe) {
  switch (codec) {
    case v1::VIDEO_CODEC_H264:
      return ParameterSets(keyframe);
    case v1::VIDEO_CODEC_VP9:
      return std::vector<uint8_t>();
    case v1::VIDEO_CODEC_AV1:
      return SequenceHeader(keyframe);
    default:
      return absl::InvalidArgumentError(absl::StrFormat(
          "video of the unknown codec %d", static_cast<int>(codec)));
  }
}

}  // namespace

absl::Status CheckRecordingName(const std::string& path) {
  const std::string extension = Extension(path);
  if (extension == ".mp4" || extension == ".mkv") return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "cannot tell the file format of '%s'; its name must end in .mp4 or .mkv",
      path));
}

bool PlaysWhenCutOff(const std::string& path) {
  return Extension(path) == ".mkv";
}

class RecordingFile::Muxer {
 public:
  explicit Muxer(std::unique_ptr<DiskFile> file) : file_(std::move(file)) {}
  ~Muxer() {
    if (!begun_ && file_->created()) file_->Remove();
  }

  absl::Status Begin(v1::VideoCodec codec, Size size,
                     std::span<const uint8_t> first_keyframe,
                     const std::string& title);
  absl::Status Write(std::span<const uint8_t> access_unit, bool keyframe,
                     int64_t time_us);
  absl::Status Finish(int64_t end_us);

  const std::string& path() const { return file_->path(); }
  Size size() const { return size_; }
  uint64_t size_bytes() const { return payload_bytes_; }
  uint64_t file_bytes() const { return file_bytes_; }
  uint64_t frame_count() const {
    return written_count_ + (held_ == nullptr ? 0 : 1);
  }
  int64_t duration_us() const { return duration_us_; }
  bool complete() const { return complete_; }

 private:
  static int WriteBytes(void* self, uint8_t* bytes, int size_bytes);
  static int64_t SeekBytes(void* self, int64_t offset, int whence);

  absl::Status OpenContext();
  absl::Status AddStream(AVCodecID id, const std::vector<uint8_t>& extradata);
  // How long the held frame would stand in the file.
  int64_t HeldTicks(int64_t until_us) const;
  // The held frame leaves once it is known how long it is shown.
  absl::Status WriteHeld(int64_t until_us);
  // Puts on the disk what an .mkv has so far.
  absl::Status FlushCluster(int64_t now_us);
  absl::Status Failed(const char* attempt, int error) const;

  const std::unique_ptr<DiskFile> file_;
  absl::Status write_error_;
  bool begun_ = false;
  bool mp4_ = false;
  bool complete_ = false;
  Size size_;
  std::unique_ptr<AVIOContext, IoDeleter> io_;
  std::unique_ptr<AVFormatContext, FormatDeleter> context_;
  AVStream* stream_ = nullptr;  // the context's
  std::unique_ptr<AVPacket, PacketDeleter> held_;
  int64_t held_time_us_ = 0;
  int64_t last_ticks_ = -1;
  int64_t flushed_us_ = 0;
  uint64_t payload_bytes_ = 0;
  uint64_t file_bytes_ = 0;
  uint64_t written_count_ = 0;
  int64_t duration_us_ = 0;
};

int RecordingFile::Muxer::WriteBytes(void* self, uint8_t* bytes,
                                     int size_bytes) {
  auto* muxer = static_cast<Muxer*>(self);
  const absl::Status status =
      muxer->file_->Write({bytes, static_cast<size_t>(size_bytes)});
  if (status.ok()) return size_bytes;
  if (muxer->write_error_.ok()) muxer->write_error_ = status;
  return AVERROR(EIO);
}

int64_t RecordingFile::Muxer::SeekBytes(void* self, int64_t offset,
                                        int whence) {
  auto* muxer = static_cast<Muxer*>(self);
  const int64_t result = (whence & AVSEEK_SIZE) != 0
                             ? muxer->file_->SizeBytes()
                             : muxer->file_->Seek(offset, whence & 3);
  return result < 0 ? AVERROR(EIO) : result;
}

absl::Status RecordingFile::Muxer::Failed(const char* attempt,
                                          int error) const {
  if (!write_error_.ok()) return write_error_;
  return absl::InternalError(
      absl::StrFormat("cannot %s %s: %s", attempt, path(), ErrorText(error)));
}

absl::Status RecordingFile::Muxer::OpenContext() {
  auto* buffer = static_cast<uint8_t*>(av_malloc(kBufferBytes));
  io_.reset(avio_alloc_context(buffer, kBufferBytes, 1, this, nullptr,
                               WriteBytes, SeekBytes));
  AVFormatContext* context = nullptr;
  mp4_ = Extension(path()) == ".mp4";
  const int error = avformat_alloc_output_context2(
      &context, nullptr, mp4_ ? "mp4" : "matroska", nullptr);
  context_.reset(context);
  if (error < 0) return Failed("begin", error);
  context_->pb = io_.get();
  return absl::OkStatus();
}

absl::Status RecordingFile::Muxer::AddStream(
    AVCodecID id, const std::vector<uint8_t>& extradata) {
  stream_ = avformat_new_stream(context_.get(), nullptr);
  if (stream_ == nullptr) return Failed("begin", AVERROR(ENOMEM));
  stream_->time_base = kFileTimeBase;
  AVCodecParameters& codec = *stream_->codecpar;
  codec.codec_type = AVMEDIA_TYPE_VIDEO;
  codec.codec_id = id;
  codec.width = size_.width_px;
  codec.height = size_.height_px;
  codec.format = AV_PIX_FMT_YUV420P;
  codec.color_range = AVCOL_RANGE_MPEG;
  codec.color_space = AVCOL_SPC_BT709;
  codec.color_primaries = AVCOL_PRI_BT709;
  codec.color_trc = AVCOL_TRC_BT709;
  if (extradata.empty()) return absl::OkStatus();
  codec.extradata = static_cast<uint8_t*>(
      av_mallocz(extradata.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  if (codec.extradata == nullptr) return Failed("begin", AVERROR(ENOMEM));
  std::memcpy(codec.extradata, extradata.data(), extradata.size());
  codec.extradata_size = static_cast<int>(extradata.size());
  return absl::OkStatus();
}

absl::Status RecordingFile::Muxer::Begin(
    v1::VideoCodec codec, Size size, std::span<const uint8_t> first_keyframe,
    const std::string& title) {
  ASSIGN_OR_RETURN(const std::vector<uint8_t> parameter_sets,
                   ExtradataOf(codec, first_keyframe));
  size_ = size;
  RETURN_IF_ERROR(file_->Truncate());
  RETURN_IF_ERROR(file_->Reserve(kFileOverheadBytes));
  RETURN_IF_ERROR(OpenContext());
  RETURN_IF_ERROR(AddStream(IdOf(codec), parameter_sets));
  av_dict_set(&context_->metadata, "title", title.c_str(), 0);
  av_dict_set(&context_->metadata, "comment",
              (std::string("oriel record ") + kVersion).c_str(), 0);
  const int error = avformat_write_header(context_.get(), nullptr);
  if (error < 0) return Failed("begin", error);
  begun_ = true;
  return absl::OkStatus();
}

absl::Status RecordingFile::Muxer::Write(std::span<const uint8_t> access_unit,
                                         bool keyframe, int64_t time_us) {
  if (access_unit.size() > std::numeric_limits<int>::max() / 2) {
    return absl::InvalidArgumentError("an access unit of over 1 GiB");
  }
  if (held_ != nullptr && mp4_ && HeldTicks(time_us) > kLongestMp4FrameTicks) {
    return absl::OutOfRangeError(absl::StrFormat(
        "a picture stood longer than %s can tell; an .mkv can", path()));
  }
  RETURN_IF_ERROR(file_->Reserve(
      kFileOverheadBytes +
      static_cast<int64_t>(payload_bytes_ + access_unit.size()) +
      static_cast<int64_t>(frame_count() + 1) * kFrameOverheadBytes));
  RETURN_IF_ERROR(WriteHeld(time_us));
  RETURN_IF_ERROR(FlushCluster(time_us));
  std::unique_ptr<AVPacket, PacketDeleter> packet(av_packet_alloc());
  if (packet == nullptr ||
      av_new_packet(packet.get(), static_cast<int>(access_unit.size())) < 0) {
    return Failed("write", AVERROR(ENOMEM));
  }
  std::memcpy(packet->data, access_unit.data(), access_unit.size());
  packet->flags = keyframe ? AV_PKT_FLAG_KEY : 0;
  held_ = std::move(packet);
  held_time_us_ = time_us;
  payload_bytes_ += access_unit.size();
  return absl::OkStatus();
}

int64_t RecordingFile::Muxer::HeldTicks(int64_t until_us) const {
  const AVRational base = stream_->time_base;
  return av_rescale_q(until_us, kMicroseconds, base) -
         av_rescale_q(held_time_us_, kMicroseconds, base);
}

absl::Status RecordingFile::Muxer::WriteHeld(int64_t until_us) {
  if (held_ == nullptr) return absl::OkStatus();
  const AVRational base = stream_->time_base;
  // Rounding must not let two frames meet: muxers refuse equal times.
  const int64_t ticks = std::max(
      last_ticks_ + 1, av_rescale_q(held_time_us_, kMicroseconds, base));
  held_->pts = held_->dts = ticks;
  held_->duration =
      std::max<int64_t>(1, av_rescale_q(until_us, kMicroseconds, base) - ticks);
  if (mp4_) held_->duration = std::min(held_->duration, kLongestMp4FrameTicks);
  last_ticks_ = ticks;
  const int64_t end_ticks = ticks + held_->duration;
  const int error = av_write_frame(context_.get(), held_.get());
  held_.reset();
  // Buffered writes report an error later, in the context alone.
  if (error < 0 || !write_error_.ok()) return Failed("write", error);
  ++written_count_;
  duration_us_ = av_rescale_q(end_ticks, base, kMicroseconds);
  return absl::OkStatus();
}

absl::Status RecordingFile::Muxer::FlushCluster(int64_t now_us) {
  if (mp4_ || now_us - flushed_us_ < kMkvFlushUs) return absl::OkStatus();
  flushed_us_ = now_us;
  // Without a packet, the muxer ends what it keeps in memory.
  const int error = av_write_frame(context_.get(), nullptr);
  avio_flush(io_.get());
  return error < 0 || !write_error_.ok() ? Failed("write", error)
                                         : absl::OkStatus();
}

absl::Status RecordingFile::Muxer::Finish(int64_t end_us) {
  absl::Status status = WriteHeld(end_us);
  const int error = av_write_trailer(context_.get());
  avio_flush(io_.get());
  absl::Status completed;
  if (error < 0 || !write_error_.ok()) completed = Failed("complete", error);
  file_bytes_ = static_cast<uint64_t>(std::max<int64_t>(0, file_->SizeBytes()));
  completed.Update(file_->Close());
  complete_ = completed.ok();
  if (written_count_ == 0 && file_->created()) file_->Remove();
  status.Update(completed);
  return status;
}

RecordingFile::RecordingFile(std::unique_ptr<Muxer> muxer)
    : muxer_(std::move(muxer)) {}

RecordingFile::~RecordingFile() = default;

absl::StatusOr<std::unique_ptr<RecordingFile>> RecordingFile::Create(
    const std::string& path, bool overwrite) {
  RETURN_IF_ERROR(CheckRecordingName(path));
  ASSIGN_OR_RETURN(std::unique_ptr<DiskFile> file,
                   DiskFile::Create(path, overwrite));
  return std::unique_ptr<RecordingFile>(
      new RecordingFile(std::make_unique<Muxer>(std::move(file))));
}

absl::Status RecordingFile::Begin(v1::VideoCodec codec, Size size,
                                  std::span<const uint8_t> first_keyframe,
                                  const std::string& title) {
  return muxer_->Begin(codec, size, first_keyframe, title);
}

absl::Status RecordingFile::Write(std::span<const uint8_t> access_unit,
                                  bool keyframe, int64_t time_us) {
  return muxer_->Write(access_unit, keyframe, time_us);
}

absl::Status RecordingFile::Finish(int64_t end_us) {
  return muxer_->Finish(end_us);
}

const std::string& RecordingFile::path() const { return muxer_->path(); }
Size RecordingFile::size() const { return muxer_->size(); }
uint64_t RecordingFile::size_bytes() const { return muxer_->size_bytes(); }
uint64_t RecordingFile::file_bytes() const { return muxer_->file_bytes(); }
uint64_t RecordingFile::frame_count() const { return muxer_->frame_count(); }
int64_t RecordingFile::duration_us() const { return muxer_->duration_us(); }
bool RecordingFile::complete() const { return muxer_->complete(); }

}  // namespace oriel::clients
