//! QR codes.

use qrcode::{Color, EcLevel, QrCode};

/// White around the code, in its modules: without it readers do not find the code.
const QUIET: usize = 4;
/// Side of the picture, in pixels: large enough to be printed. It is a bit less, so that all modules are of one size.
const SIDE_MAX: usize = 800;

/// An address as a picture; `None`: it is too long.
pub(super) fn png(address: &str) -> Option<Vec<u8>> {
    let code = QrCode::with_error_correction_level(address, EcLevel::M).ok()?;
    let modules = code.width();
    let whole = modules + 2 * QUIET;
    let scale = SIDE_MAX / whole;
    let side = whole * scale;
    let code = &code;
    let shade = |x: usize, y: usize| {
        let module = |at: usize| (at / scale).checked_sub(QUIET).filter(|at| *at < modules);
        let is_dark = module(x).zip(module(y)).is_some_and(|at| code[at] == Color::Dark);
        if is_dark { 0 } else { u8::MAX }
    };
    let pixels: Vec<u8> = (0..side).flat_map(|y| (0..side).map(move |x| shade(x, y))).collect();
    let mut file = Vec::new();
    let length = u32::try_from(side).ok()?;
    let mut encoder = png::Encoder::new(&mut file, length, length);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&pixels).ok()?;
    writer.finish().ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader of such codes reads.
    fn read(file: &[u8]) -> String {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let (width, height) = reader.info().size();
        let (width, height) = (usize::try_from(width).unwrap(), usize::try_from(height).unwrap());
        let mut pixels = vec![0; width * height];
        reader.next_frame(&mut pixels).unwrap();
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| pixels[y * width + x]);
        picture.detect_grids().remove(0).decode().unwrap().1
    }

    #[test]
    fn a_reader_reads_the_address() {
        let longest = format!("https://t.me/korica_bot?start={}", "x".repeat(64));
        for address in ["https://t.me/k", "https://чат.корица.рф/?метка=весна", &longest, &"x".repeat(2_000)]
        {
            let file = png(address).unwrap();
            assert_eq!(read(&file), address);
            assert!(file.len() < 64 * 1024, "{}", file.len());
        }
        assert_eq!(png(&"x".repeat(5_000)), None);
    }
}
