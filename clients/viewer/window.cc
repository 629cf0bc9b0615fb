#include "clients/viewer/window.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "clients/viewer/layout.h"

namespace oriel::clients {
namespace {

constexpr Size kFirstSize{960, 540};

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
    : screen_(screen), window_(window), renderer_(renderer) {}

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
  while (!status_.over && SDL_WaitEvent(&event) == 1) {
    // All that is there, then one presentation.
    do {
      if (!OnEvent(event)) return;
    } while (SDL_PollEvent(&event) == 1);
    TakeFromScreen();
    Present();
  }
}

bool Window::OnEvent(const SDL_Event& event) {
  switch (event.type) {
    case SDL_QUIT:
      return false;
    case SDL_KEYDOWN:
      return event.key.repeat != 0 || OnKey(event.key.keysym.sym);
    case SDL_RENDER_TARGETS_RESET:
    case SDL_RENDER_DEVICE_RESET:
      texture_.reset();
      pointer_texture_.reset();
      pointer_ = Pointer();
      screen_.Invalidate();
      return true;
    default:
      return true;
  }
}

bool Window::OnKey(SDL_Keycode key) {
  switch (key) {
    case SDLK_q:
    case SDLK_ESCAPE:
      return false;
    case SDLK_f:
      ToggleFullscreen();
      return true;
    case SDLK_1:
      if (!picture_.empty()) {
        SDL_SetWindowFullscreen(window_.get(), 0);
        SDL_SetWindowSize(window_.get(), picture_.width_px, picture_.height_px);
      }
      return true;
    default:
      return true;
  }
}

void Window::ToggleFullscreen() {
  const bool full =
      (SDL_GetWindowFlags(window_.get()) & SDL_WINDOW_FULLSCREEN_DESKTOP) != 0;
  SDL_SetWindowFullscreen(window_.get(),
                          full ? 0 : SDL_WINDOW_FULLSCREEN_DESKTOP);
}

void Window::TakeFromScreen() {
  const Screen::Taken taken = screen_.Take([this](const Screen::Taken& now,
                                                  const PictureView& picture,
                                                  const Rect& rect) {
    if (now.resized && (texture_ == nullptr || picture_ != now.size)) {
      MakeTexture(now.size);
    }
    if (texture_ == nullptr) return;
    const SDL_Rect place{rect.x_px, rect.y_px, rect.width_px, rect.height_px};
    SDL_UpdateTexture(texture_.get(), &place, picture.At(rect.x_px, rect.y_px),
                      static_cast<int>(picture.stride_bytes));
  });
  if (taken.size.empty() && taken.resized) {
    texture_.reset();
    picture_ = {};
  }
  const bool new_title = taken.status.display != status_.display ||
                         taken.status.exact != status_.exact ||
                         taken.status.live != status_.live ||
                         taken.status.message != status_.message;
  status_ = taken.status;
  TakePointer(taken.pointer);
  if (new_title || taken.resized) SetTitle();
}

void Window::TakePointer(const Pointer& pointer) {
  const bool new_shape = pointer.shape() != pointer_.shape();
  pointer_ = pointer;
  if (!new_shape) return;
  pointer_texture_.reset();
  const std::shared_ptr<const Picture> shape = pointer.shape();
  if (shape == nullptr) return;
  pointer_texture_.reset(SDL_CreateTexture(
      renderer_.get(), SDL_PIXELFORMAT_ARGB8888, SDL_TEXTUREACCESS_STATIC,
      shape->size().width_px, shape->size().height_px));
  if (pointer_texture_ == nullptr) return;
  SDL_UpdateTexture(pointer_texture_.get(), nullptr, shape->At(0, 0),
                    static_cast<int>(shape->stride_bytes()));
  SDL_SetTextureBlendMode(pointer_texture_.get(), SDL_BLENDMODE_BLEND);
}

void Window::DrawPointer(const Rect& picture_place, bool hard_edges) {
  const std::shared_ptr<const Picture> shape = pointer_.shape();
  if (shape == nullptr || pointer_texture_ == nullptr) return;
  const float scale = static_cast<float>(picture_place.width_px) /
                      static_cast<float>(picture_.width_px);
  const SDL_FRect place{static_cast<float>(picture_place.x_px) +
                            static_cast<float>(pointer_.at().x_px) * scale,
                        static_cast<float>(picture_place.y_px) +
                            static_cast<float>(pointer_.at().y_px) * scale,
                        static_cast<float>(shape->size().width_px) * scale,
                        static_cast<float>(shape->size().height_px) * scale};
  const SDL_Rect clip{picture_place.x_px, picture_place.y_px,
                      picture_place.width_px, picture_place.height_px};
  SDL_SetTextureScaleMode(pointer_texture_.get(), hard_edges
                                                      ? SDL_ScaleModeNearest
                                                      : SDL_ScaleModeLinear);
  SDL_RenderSetClipRect(renderer_.get(), &clip);
  SDL_RenderCopyF(renderer_.get(), pointer_texture_.get(), nullptr, &place);
  SDL_RenderSetClipRect(renderer_.get(), nullptr);
}

void Window::MakeTexture(Size size) {
  // Before the new one: both together may not fit a GPU.
  texture_.reset();
  picture_ = size;
  // BGRX in memory is this on a little-endian machine.
  texture_.reset(SDL_CreateTexture(renderer_.get(), SDL_PIXELFORMAT_ARGB8888,
                                   SDL_TEXTUREACCESS_STREAMING, size.width_px,
                                   size.height_px));
  if (texture_ != nullptr) {
    SDL_SetTextureBlendMode(texture_.get(), SDL_BLENDMODE_NONE);
  }
  if (!had_picture_) ResizeToPicture();
  had_picture_ = true;
}

void Window::ResizeToPicture() {
  const bool full =
      (SDL_GetWindowFlags(window_.get()) & SDL_WINDOW_FULLSCREEN_DESKTOP) != 0;
  SDL_Rect usable{};
  const int monitor = SDL_GetWindowDisplayIndex(window_.get());
  if (full || monitor < 0 ||
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
  } else {
    title += ": " + status_.message.substr(0, status_.message.find('\n'));
  }
  SDL_SetWindowTitle(window_.get(), title.c_str());
}

void Window::Present() {
  SDL_Renderer* renderer = renderer_.get();
  SDL_SetRenderDrawColor(renderer, 0, 0, 0, 255);
  SDL_RenderClear(renderer);
  Size window;
  SDL_GetRendererOutputSize(renderer, &window.width_px, &window.height_px);
  const Layout layout = FitPicture(window, picture_);
  if (texture_ != nullptr && !layout.picture.empty()) {
    SDL_SetTextureScaleMode(texture_.get(), layout.hard_edges
                                                ? SDL_ScaleModeNearest
                                                : SDL_ScaleModeLinear);
    // An old picture must not pass for a live one.
    const Uint8 light = status_.live ? 255 : 90;
    SDL_SetTextureColorMod(texture_.get(), light, light, light);
    const SDL_Rect place{layout.picture.x_px, layout.picture.y_px,
                         layout.picture.width_px, layout.picture.height_px};
    SDL_RenderCopy(renderer, texture_.get(), nullptr, &place);
    if (status_.live) DrawPointer(layout.picture, layout.hard_edges);
  }
  if (!status_.live) {
    text_.Paint(renderer, status_.message, TextPainter::Place::kCentre);
  }
  text_.Paint(renderer, status_.stats, TextPainter::Place::kTopLeft);
  SDL_RenderPresent(renderer);
}

}  // namespace oriel::clients
