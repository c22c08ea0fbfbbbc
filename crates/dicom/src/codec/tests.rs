//! Each decoder on images of 6 × 8 pixels, made by CharLS, libjpeg-turbo, OpenJPEG and OpenJPH
//! (tests/reference/htj2k.py).

use super::*;

const SIZE: Size = Size {
    rows: 6,
    columns: 8,
    bytes: 2,
};

const LS_16: &str = "ffd8ffe800205350494646000200000100000006000000080a1006010000012c0000012cffe8000800000001ffd8fff7\
     000b100006000801011100fff8000d01ffff0012004301140040ffda0008010100000000902502501d01500d007ff903\
     9029021019011009001028805ff3fd7f8fedfd3f92043fa7eefd9fabf47e6fc880cfcdf83ef7dcfb5f63eb2023ec7d2f\
     a1f3be67caf90804ffd9";
const LS_FLAT: &str = "ffd8ffe800205350494646000200000100000006000000080a1006010000012c0000012cffe8000800000001ffd8fff7\
     000b100006000801011100fff8000d01ffff0012004301140040ffda00080101000000004c797500200803732e2052ea\
     0069732e200c01fe6b9ad9d735a4baada0115cd69000ffd9";
const LS_NEAR_3: &str = "ffd8ffe800205350494646000200000100000006000000080a1006010000012c0000012cffe8000800000001ffd8fff7\
     000b100006000801011100fff8000d01ffff001b005201290040ffda0008010100030000b279348a4d229348a4d944a2\
     49289249650a6492412490492412451241208e482391c94289188e47231188e4913c8c46229188a45248ffd9";
const LOSSLESS_16: &str = "ffd8ffc4001600010101000000000000000000000000000a0b10ffc3000b100006000801001100ffda00080100000600\
     00c81502a0540a81502a05a03a044088110220440881280e8110220440881102204a03a044088110220440881280e811\
     0220440881102204a03a04408811022044088100ffd9";
const LOSSLESS_12: &str = "ffd8ffc4001600010101000000000000000000000000000a0b0cffc3000b0c0006000801001100ffda00080100000600\
     00cffe81502a0540a81502a05a03a0440881102204c407203a03a04408813101c80f502204a03a04c407203d40881102\
     204c80d203d4088110220440881280e81102204408813101c80cffd9";
const J2K_12: &str = "ff4fff5100290000000000080000000600000000000000000000000800000006000000000000000000010b0101ff5200\
     0c00000001000004040001ff5c00044060ff640025000143726561746564206279204f70656e4a504547207665727369\
     6f6e20322e352e34ff90000a0000000000590001ff93dfe120122d3ceceb6cb1e14220079843fdaa359b284960e2ac3e\
     2741298a71734dd7e1e19c84f664141085f78ab861176eb82d02c211f73c8d80e1aa9df635e5c34ba3bf12d94b55d582\
     21ffd9";
const J2K_SIGNED: &str = "ff4fff5100290000000000080000000600000000000000000000000800000006000000000000000000018f0101ff5200\
     0c00000001000004040001ff5c00044080ff640025000143726561746564206279204f70656e4a504547207665727369\
     6f6e20322e352e34ff90000a00000000005a0001ff93c1fe1200122d3ceceb6cb1e14220079843fdaa359b284960e2ac\
     3e2741298a71734dd7e1e19c84f664141085f78ab861176eb82d02c211f73c8d80e1aa9df635e5c34ba3bf12d94b55d5\
     8221ffd9";
const HT_16: &str = "ff4fff5100294000000000080000000600000000000000000000000800000006000000000000000000010f0101ff5000\
     08000200000009ff52000c00020001000104044001ff5c00072088888888ff64001700014f70656e4a50482056657220\
     302e32362e332eff90000a00000000004d0001ff93c0002de0ff7fe3efebf7cfe7ebf7ee37d85c6a1dee7ead6e360b89\
     3f73420031b700c0002aa0001580082080c0a0a2328276000cc8800cc880c06301beb600ffd9";
const HT_SIGNED: &str = "ff4fff5100294000000000080000000600000000000000000000000800000006000000000000000000018f0101ff5000\
     08000200000009ff52000c00020001000104044001ff5c00072088888888ff64001700014f70656e4a50482056657220\
     302e32362e332eff90000a00000000004d0001ff93c0002de0ff7fe3efebf7cfe7ebf7ee37d85c6a1dee7ead6e360b89\
     3f73420031b700c0002aa0001580082080c0a0a2328276000cc8800cc880c06301beb600ffd9";
const HT_8: &str = "ff4fff510029400000000008000000060000000000000000000000080000000600000000000000000001070101ff5000\
     08000200000001ff52000c00020001000104044001ff5c00072048484848ff64001700014f70656e4a50482056657220\
     302e32362e332eff90000a0000000000350001ff93c02d20ff71ebcfeb2e581a7e6d0a3f73000031b700c027804e00fe\
     a123427500ccccc049beb500ffd9";
const HT_LOSSY: &str = "ff4fff5100294000000000080000000600000000000000000000000800000006000000000000000000010f0101ff5000\
     08000200000027ff52000c00020001000104044000ff5c000b227d567cf67cf67c99ff64001700014f70656e4a504820\
     56657220302e32362e332eff90000a0000000000750001ff93c000b7400bccb3313ef9675417b1c9d871a334274394cb\
     a3e0f83f7339c031b700c000b4e0005ab0002d40247aabaa52a0b49abe358e9c00b3821003970009d8d650034fa7c45a\
     8c22e75cf409f7084006b7000ae4e66be56a580656022c5dfc05eb8210019700ffd9";
/// What OpenJPH makes of the lossy one.
const HT_LOSSY_VALUES: [u16; 48] = [
    0, 518, 1037, 1551, 2065, 2583, 3101, 3615, 1031, 1552, 2063, 2583, 3097, 3618, 35, 552, 2062, 2580,
    3096, 3612, 29, 550, 1066, 1580, 3092, 3610, 34, 551, 1066, 1584, 2101, 2616, 28, 544, 1063, 1580, 2098,
    2614, 3132, 3648, 1059, 1578, 2094, 2607, 3127, 3646, 64, 581,
];
const EXTENDED_12: &str = "ffd8ffe000104a46494600010100000100010000ffdb0043000201010101010201010102020202020403020202020504\
     040304060506060605060606070908060709070606080b08090a0a0a0a0a06080b0c0b0a0c090a0a0affc1000b0c0006\
     000801011100ffc4001400010000000000000000000000000000000bffc4001e10000004070000000000000000000000\
     00000407460a0c0d26296364ffda0008010100003f0022ba5524a6c43118e1b891b6a360ce8e41ffd9";
/// What libjpeg-turbo makes of the 12-bit image.
const EXTENDED_12_VALUES: [u16; 48] = [
    0, 300, 600, 899, 1200, 1500, 1800, 2100, 200, 500, 800, 1100, 1401, 1700, 2000, 2301, 399, 700, 1000,
    1299, 1600, 1900, 2200, 2500, 600, 900, 1200, 1500, 1800, 2100, 2400, 2700, 800, 1100, 1400, 1700, 2000,
    2300, 2600, 2900, 1000, 1300, 1600, 1900, 2201, 2500, 2800, 3101,
];

fn bytes(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|pair| (pair[0] * 16 + pair[1]) as u8)
        .collect()
}

/// The image that was compressed: `(517 × column + 1031 × row) mod 2^bits`.
fn ramp(bits: u32) -> Vec<u16> {
    (0..48_u32)
        .map(|at| ((517 * (at % 8) + 1031 * (at / 8)) % (1 << bits)) as u16)
        .collect()
}

fn apart(a: &[u16], b: &[u16]) -> u16 {
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

/// What Python's zlib makes of the ramp of 16 bits: `zlib.compress(bytes, 9, -15)`.
const DEFLATED_16: &str = "63606065e262e16713e190e492e351e66367e16113e410e392e651e05315d012e2e310e692e091e553125017d2113114\
     13e591e293175011d214d1133396b090921150145213d11633903095b292b1975316d110d39530923297b19173547053\
     0200";

#[test]
fn deflated_frames_are_read_and_may_not_be_short() {
    assert_eq!(deflated::decode(&bytes(DEFLATED_16), SIZE).unwrap(), ramp(16));
    let longer = Size { rows: 7, ..SIZE };
    let error = deflated::decode(&bytes(DEFLATED_16), longer)
        .unwrap_err()
        .to_string();
    assert!(error.contains("inflates to 96 of 112 bytes"), "{error}");
}

#[test]
fn jpeg_ls_is_read_to_the_last_unit() {
    assert_eq!(jpeg_ls::decode(&bytes(LS_16), SIZE).unwrap(), ramp(16));
    let flat: Vec<u16> = (0..48)
        .map(|at| match (at / 8, at % 8) {
            (2 | 3, _) => 7,
            (row, column) if (row + column) % 5 == 0 => 100,
            _ => 7,
        })
        .collect();
    assert_eq!(jpeg_ls::decode(&bytes(LS_FLAT), SIZE).unwrap(), flat);
    let near = jpeg_ls::decode(&bytes(LS_NEAR_3), SIZE).unwrap();
    assert_eq!(apart(&near, &ramp(16)), 3);
}

#[test]
fn jpeg_is_read_lossless_and_with_twelve_bits() {
    assert_eq!(jpeg::decode(&bytes(LOSSLESS_16), SIZE).unwrap(), ramp(16));
    assert_eq!(jpeg::decode(&bytes(LOSSLESS_12), SIZE).unwrap(), ramp(12));
    let extended = jpeg::decode(&bytes(EXTENDED_12), SIZE).unwrap();
    assert!(apart(&extended, &EXTENDED_12_VALUES) <= 1, "{extended:?}");
}

#[test]
fn jpeg_2000_is_read_with_and_without_sign() {
    assert_eq!(jpeg_2000::decode(&bytes(J2K_12), SIZE).unwrap(), ramp(12));
    let signed: Vec<u16> = ramp(12).iter().map(|word| word.wrapping_sub(2048)).collect();
    assert_eq!(jpeg_2000::decode(&bytes(J2K_SIGNED), SIZE).unwrap(), signed);
}

#[test]
fn high_throughput_jpeg_2000_is_read_lossless_and_lossy() {
    assert_eq!(htj2k::decode(&bytes(HT_16), SIZE).unwrap(), ramp(16));
    let signed: Vec<u16> = ramp(16).iter().map(|word| word.wrapping_sub(1 << 15)).collect();
    assert_eq!(htj2k::decode(&bytes(HT_SIGNED), SIZE).unwrap(), signed);
    assert_eq!(htj2k::decode(&bytes(HT_8), SIZE).unwrap(), ramp(8));
    // The decoder rebuilds a coefficient at the edge of its step, OpenJPH in the middle.
    let lossy = htj2k::decode(&bytes(HT_LOSSY), SIZE).unwrap();
    assert!(apart(&lossy, &HT_LOSSY_VALUES) <= 9, "{lossy:?}");
}

#[test]
fn damaged_frames_are_errors_and_never_panic() {
    type Decode = fn(&[u8], Size) -> Result<Vec<u16>>;
    let all: [(&str, Decode); 6] = [
        (LS_16, jpeg_ls::decode),
        (LOSSLESS_16, jpeg::decode),
        (EXTENDED_12, jpeg::decode),
        (J2K_12, jpeg_2000::decode),
        (DEFLATED_16, deflated::decode),
        (HT_16, htj2k::decode),
    ];
    for (text, decode) in all {
        let whole = bytes(text);
        let other = Size { rows: 600, ..SIZE };
        assert!(decode(&whole, other).is_err());
        for cut in 0..whole.len() / 2 {
            assert!(decode(&whole[..cut], SIZE).is_err(), "{cut} bytes of {text}");
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7F, 0xFF] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                // Whether it can be read does not matter here, nor do panics of others, which are caught.
                let _ = std::panic::catch_unwind(|| decode(&damaged, SIZE).is_ok());
            }
        }
    }
}
