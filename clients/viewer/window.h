#pragma once

#include <SDL2/SDL.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "clients/viewer/downscaler.h"
#include "clients/viewer/layout.h"
#include "clients/viewer/screen.h"
#include "clients/viewer/text_painter.h"

namespace oriel::clients {

// The viewer's window: shows a screen, scaled, until it is closed. Thread-bound
// to the thread that made it.
class Window {
 public:
  // SDL's video must be started. `screen` outlives the window; its wake has to
  // call Wake. kUnavailable: no window can be opened, with SDL's reason.
  static absl::StatusOr<std::unique_ptr<Window>> Open(Screen& screen,
                                                      bool fullscreen);

  // Makes Run look at the screen. Any thread.
  static void Wake();

  // Returns when the user has closed the window or the screen's status is
  // over.
  void Run();

 private:
  struct WindowDeleter {
    void operator()(SDL_Window* window) const { SDL_DestroyWindow(window); }
  };
  struct RendererDeleter {
    void operator()(SDL_Renderer* renderer) const {
      SDL_DestroyRenderer(renderer);
    }
  };
  struct TextureDeleter {
    void operator()(SDL_Texture* texture) const { SDL_DestroyTexture(texture); }
  };

  Window(Screen& screen, SDL_Window* window, SDL_Renderer* renderer);

  // False: the user wants to leave.
  bool OnEvent(const SDL_Event& event);
  bool OnKey(SDL_Keycode key);
  // Waits; false: SDL can tell of no more events.
  bool WaitForEvent(SDL_Event* event);
  void ShowHint(const char* text);
  void TakeFromScreen();
  void MakeTexture(Size picture);
  // The first picture gives the window its size, if that fits the desktop.
  void ResizeToPicture();
  bool fullscreen() const;
  void SetFullscreen(bool wanted);
  void ShowOwnSize();
  Size OutputSize() const;
  // Of the texture for a picture of this size in the window as it is.
  Size TextureSize(Size picture) const;
  void Upload(const Screen::Taken& taken, const PictureView& picture,
              const Rect& rect);
  void DrawPicture(const Layout& layout);
  void DrawTexts();
  Size PointerSize(float scale) const;
  void MakePointerTexture(Size size);
  void SetTitle();
  void Present();
  void DrawPointer(const Rect& picture_place, bool hard_edges);

  Screen& screen_;
  const std::unique_ptr<SDL_Window, WindowDeleter> window_;
  const std::unique_ptr<SDL_Renderer, RendererDeleter> renderer_;
  // After the renderer: goes before it.
  std::unique_ptr<SDL_Texture, TextureDeleter> texture_;
  std::unique_ptr<SDL_Texture, TextureDeleter> pointer_texture_;
  // What the texture was made of.
  std::shared_ptr<const Picture> pointer_texture_shape_;
  Size pointer_texture_size_;
  Pointer pointer_;
  TextPainter text_;
  Size picture_;
  // Of texture_; smaller than the picture where it is averaged.
  Size texture_size_;
  Downscaler downscaler_;
  bool had_picture_ = false;
  bool keys_shown_ = false;
  const char* hint_ = "";
  Time hint_end_;
  ScreenStatus status_;
};

}  // namespace oriel::clients
