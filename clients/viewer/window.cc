#include "clients/viewer/window.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "clients/viewer/keys.h"
#include "clients/viewer/pointer_image.h"

namespace oriel::clients {
namespace {

constexpr Size kFirstSize{960, 540};

constexpr std::chrono::seconds kHintDuration(4);
constexpr char kBeginning[] = "h shows the keys";
constexpr char kWayOutOfFullscreen[] =
    "Esc leaves full screen, h shows the keys";
constexpr char kOnlyShows[] =
    "Oriel only shows: nothing is sent to the display. h shows the keys";
constexpr char kOnlyShowsLine[] = "Nothing is sent to the display.\n\n";

absl::Status SdlError(const char* attempt) {
  return absl::UnavailableError(
      absl::StrFormat("cannot %s: %s; is DISPLAY or WAYLAND_DISPLAY set?",
                      attempt, SDL_GetError()));
}

Uint32 WakeEvent() {
  static const Uint32 type = SDL_RegisterEvents(1);
  return type;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Window>> Window::Open(Screen& screen,
                                                     bool fullscreen) {
  WakeEvent();
  SDL_Window* window = SDL_CreateWindow(
      "oriel-viewer", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED,
      kFirstSize.width_px, kFirstSize.height_px,
      SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI |
          (fullscreen ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0));
  if (window == nullptr) return SdlError("open a window");
  // No vertical sync: a picture that waits for the monitor waits twice.
  SDL_Renderer* renderer = SDL_CreateRenderer(window, -1, 0);
  if (renderer == nullptr) {
    SDL_DestroyWindow(window);
    return SdlError("draw into a window");
  }
  return std::unique_ptr<Window>(new Window(screen, window, renderer));
}

Window::Window(Screen& screen, SDL_Window* window, SDL_Renderer* renderer)
    : screen_(screen), window_(window), renderer_(renderer) {
  ShowHint(fullscreen() ? kWayOutOfFullscreen : kBeginning);
}

void Window::Wake() {
  SDL_Event event{};
  event.type = WakeEvent();
  SDL_PushEvent(&event);
}

void Window::Run() {
  TakeFromScreen();
  SetTitle();
  Present();
  SDL_Event event;
  while (!status_.over && WaitForEvent(&event)) {
    // All that is there, then one presentation.
    do {
      if (!OnEvent(event)) return;
    } while (SDL_PollEvent(&event) == 1);
    TakeFromScreen();
    Present();
  }
}

bool Window::WaitForEvent(SDL_Event* event) {
  while (*hint_ != '\0') {
    const auto rest =
        std::chrono::ceil<std::chrono::milliseconds>(hint_end_ - Clock::now());
    if (rest.count() > 0 &&
        SDL_WaitEventTimeout(event, static_cast<int>(rest.count())) == 1) {
      return true;
    }
    if (Clock::now() < hint_end_) continue;
    hint_ = "";
    Present();
  }
  return SDL_WaitEvent(event) == 1;
}

void Window::ShowHint(const char* text) {
  hint_ = text;
  hint_end_ = Clock::now() + kHintDuration;
}

bool Window::OnEvent(const SDL_Event& event) {
  switch (event.type) {
    case SDL_QUIT:
      return false;
    case SDL_KEYDOWN:
      return event.key.repeat != 0 || OnKey(event.key.keysym.sym);
    case SDL_MOUSEBUTTONDOWN:
      ShowHint(kOnlyShows);
      return true;
    case SDL_WINDOWEVENT:
      // Another size of the window can need another texture.
      if (event.window.event == SDL_WINDOWEVENT_SIZE_CHANGED &&
          TextureSize(picture_) != texture_size_) {
        screen_.Invalidate();
      }
      return true;
    case SDL_RENDER_TARGETS_RESET:
    case SDL_RENDER_DEVICE_RESET:
      texture_.reset();
      pointer_texture_.reset();
      screen_.Invalidate();
      return true;
    default:
      return true;
  }
}

bool Window::OnKey(SDL_Keycode key) {
  switch (ActionOf(key)) {
    case KeyAction::kQuit:
      return false;
    case KeyAction::kToggleFullscreen:
      SetFullscreen(!fullscreen());
      return true;
    case KeyAction::kLeaveFullscreen:
      SetFullscreen(false);
      return true;
    case KeyAction::kOwnSize:
      ShowOwnSize();
      return true;
    case KeyAction::kToggleKeys:
      keys_shown_ = !keys_shown_;
      hint_ = "";
      return true;
    case KeyAction::kNone:
      if (!IsModifier(key)) ShowHint(kOnlyShows);
      return true;
  }
  return true;
}

bool Window::fullscreen() const {
  return (SDL_GetWindowFlags(window_.get()) & SDL_WINDOW_FULLSCREEN_DESKTOP) !=
         0;
}

void Window::SetFullscreen(bool wanted) {
  if (wanted == fullscreen()) return;
  SDL_SetWindowFullscreen(window_.get(),
                          wanted ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0);
  ShowHint(wanted ? kWayOutOfFullscreen : "");
}

void Window::ShowOwnSize() {
  if (picture_.empty()) return;
  SetFullscreen(false);
  SDL_SetWindowSize(window_.get(), picture_.width_px, picture_.height_px);
}

Size Window::OutputSize() const {
  Size size;
  SDL_GetRendererOutputSize(renderer_.get(), &size.width_px, &size.height_px);
  return size;
}

Size Window::TextureSize(Size picture) const {
  const Layout layout = FitPicture(OutputSize(), picture);
  if (!layout.average) return picture;
  return {layout.picture.width_px, layout.picture.height_px};
}

void Window::TakeFromScreen() {
  const Screen::Taken taken =
      screen_.Take([this](const Screen::Taken& now, const PictureView& picture,
                          const Rect& rect) { Upload(now, picture, rect); });
  if (taken.size.empty() && taken.resized) {
    texture_.reset();
    picture_ = {};
    texture_size_ = {};
  }
  const bool new_title = taken.status.display != status_.display ||
                         taken.status.exact != status_.exact ||
                         taken.status.live != status_.live ||
                         taken.status.summary != status_.summary;
  status_ = taken.status;
  pointer_ = taken.pointer;
  if (new_title || taken.resized) SetTitle();
}

void Window::Upload(const Screen::Taken& taken, const PictureView& picture,
                    const Rect& rect) {
  if (taken.resized && (texture_ == nullptr || picture_ != taken.size ||
                        texture_size_ != TextureSize(taken.size))) {
    MakeTexture(taken.size);
  }
  if (texture_ == nullptr) return;
  const bool averaged = texture_size_ != picture_;
  const Rect place = averaged ? downscaler_.Touched(rect) : rect;
  const SDL_Rect sdl_place{place.x_px, place.y_px, place.width_px,
                           place.height_px};
  if (averaged) {
    SDL_UpdateTexture(texture_.get(), &sdl_place,
                      downscaler_.Scale(picture, place).data(),
                      place.width_px * kBytesPerPixel);
  } else {
    SDL_UpdateTexture(texture_.get(), &sdl_place,
                      picture.At(rect.x_px, rect.y_px),
                      static_cast<int>(picture.stride_bytes));
  }
}

// In the window, for a picture that is shown `scale` times its size.
Size Window::PointerSize(float scale) const {
  const Size size = pointer_.shape()->size();
  if (scale >= 1) return size;
  return {
      std::max(1,
               static_cast<int32_t>(std::lround(float(size.width_px) * scale))),
      std::max(
          1, static_cast<int32_t>(std::lround(float(size.height_px) * scale)))};
}

void Window::MakePointerTexture(Size size) {
  const std::shared_ptr<const Picture> shape = pointer_.shape();
  if (pointer_texture_ != nullptr && shape == pointer_texture_shape_ &&
      size == pointer_texture_size_) {
    return;
  }
  pointer_texture_shape_ = shape;
  pointer_texture_size_ = size;
  pointer_texture_.reset(SDL_CreateTexture(
      renderer_.get(), SDL_PIXELFORMAT_ARGB8888, SDL_TEXTUREACCESS_STATIC,
      size.width_px, size.height_px));
  if (pointer_texture_ == nullptr) return;
  const Picture shrunk =
      size == shape->size() ? Picture() : ShrinkPointer(*shape, size);
  const PictureView view =
      shrunk.size().empty() ? shape->view() : shrunk.view();
  SDL_UpdateTexture(pointer_texture_.get(), nullptr, view.pixels,
                    static_cast<int>(view.stride_bytes));
  SDL_SetTextureBlendMode(pointer_texture_.get(), SDL_BLENDMODE_BLEND);
}

void Window::DrawPointer(const Rect& picture_place, bool hard_edges) {
  if (pointer_.shape() == nullptr) return;
  const float scale = static_cast<float>(picture_place.width_px) /
                      static_cast<float>(picture_.width_px);
  const Size size = PointerSize(scale);
  MakePointerTexture(size);
  if (pointer_texture_ == nullptr) return;
  const float shown = std::max(scale, 1.0F);
  const SDL_FRect place{static_cast<float>(picture_place.x_px) +
                            static_cast<float>(pointer_.at().x_px) * scale,
                        static_cast<float>(picture_place.y_px) +
                            static_cast<float>(pointer_.at().y_px) * scale,
                        static_cast<float>(size.width_px) * shown,
                        static_cast<float>(size.height_px) * shown};
  const SDL_Rect clip{picture_place.x_px, picture_place.y_px,
                      picture_place.width_px, picture_place.height_px};
  SDL_SetTextureScaleMode(pointer_texture_.get(), hard_edges
                                                      ? SDL_ScaleModeNearest
                                                      : SDL_ScaleModeLinear);
  SDL_RenderSetClipRect(renderer_.get(), &clip);
  SDL_RenderCopyF(renderer_.get(), pointer_texture_.get(), nullptr, &place);
  SDL_RenderSetClipRect(renderer_.get(), nullptr);
}

void Window::MakeTexture(Size picture) {
  // Before the new one: both together may not fit a GPU.
  texture_.reset();
  picture_ = picture;
  if (!had_picture_) ResizeToPicture();
  had_picture_ = true;
  texture_size_ = TextureSize(picture);
  downscaler_ = texture_size_ == picture ? Downscaler()
                                         : Downscaler(picture, texture_size_);
  // BGRX in memory is this on a little-endian machine.
  texture_.reset(SDL_CreateTexture(
      renderer_.get(), SDL_PIXELFORMAT_ARGB8888, SDL_TEXTUREACCESS_STREAMING,
      texture_size_.width_px, texture_size_.height_px));
  if (texture_ != nullptr) {
    SDL_SetTextureBlendMode(texture_.get(), SDL_BLENDMODE_NONE);
  }
}

void Window::ResizeToPicture() {
  SDL_Rect usable{};
  const int monitor = SDL_GetWindowDisplayIndex(window_.get());
  if (fullscreen() || monitor < 0 ||
      SDL_GetDisplayUsableBounds(monitor, &usable) != 0) {
    return;
  }
  const Rect place = FitPicture({std::min(usable.w, picture_.width_px),
                                 std::min(usable.h, picture_.height_px)},
                                picture_)
                         .picture;
  SDL_SetWindowSize(window_.get(), place.width_px, place.height_px);
  SDL_SetWindowPosition(window_.get(), SDL_WINDOWPOS_CENTERED,
                        SDL_WINDOWPOS_CENTERED);
}

void Window::SetTitle() {
  std::string title =
      status_.display.empty() ? "oriel-viewer" : status_.display;
  if (status_.live) {
    title +=
        absl::StrFormat(" (%dx%d%s)", picture_.width_px, picture_.height_px,
                        status_.exact ? ", exact" : "");
  } else if (!status_.summary.empty()) {
    title += ": " + status_.summary;
  }
  SDL_SetWindowTitle(window_.get(), title.c_str());
}

void Window::Present() {
  SDL_SetRenderDrawColor(renderer_.get(), 0, 0, 0, 255);
  SDL_RenderClear(renderer_.get());
  const Layout layout = FitPicture(OutputSize(), picture_);
  if (texture_ != nullptr && !layout.picture.empty()) DrawPicture(layout);
  DrawTexts();
  SDL_RenderPresent(renderer_.get());
}

void Window::DrawPicture(const Layout& layout) {
  SDL_SetTextureScaleMode(texture_.get(), layout.hard_edges
                                              ? SDL_ScaleModeNearest
                                              : SDL_ScaleModeLinear);
  // An old picture must not pass for a live one.
  const Uint8 light = status_.live ? 255 : 90;
  SDL_SetTextureColorMod(texture_.get(), light, light, light);
  const SDL_Rect place{layout.picture.x_px, layout.picture.y_px,
                       layout.picture.width_px, layout.picture.height_px};
  SDL_RenderCopy(renderer_.get(), texture_.get(), nullptr, &place);
  if (status_.live) DrawPointer(layout.picture, layout.hard_edges);
}

void Window::DrawTexts() {
  using Place = TextPainter::Place;
  SDL_Renderer* renderer = renderer_.get();
  if (keys_shown_) {
    text_.Paint(renderer, kOnlyShowsLine + DescribeKeys(""), Place::kCentre);
  } else if (!status_.live) {
    text_.Paint(renderer, status_.message, Place::kCentre);
  }
  text_.Paint(renderer, status_.stats, Place::kTopLeft);
  const bool note = status_.live && *hint_ == '\0';
  text_.Paint(renderer, note ? status_.message : hint_, Place::kBottom);
}

}  // namespace oriel::clients
