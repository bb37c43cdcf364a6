// What others need for the same recordings, in bytes per value, lossless: 64-bit floats (times: int64 nanoseconds), zstd
// at level 19 over each whole column, pcodec at level 8 on independent chunks of 1,024 values and on each whole column.
// They do not change, so they stand here instead of being measured anew.

/** name, part, number of values, zstd 19 whole, pcodec 8 of 1,024, pcodec 8 whole */
const ROWS = [
  ['iphone12_ski_accel_100hz', 'time', 36_454, 3.755, 0.541, 0.423],
  ['iphone12_ski_accel_100hz', 'value', 109_362, 6.705, 6.915, 6.791],
  ['iphone12_ski_gyro_100hz', 'time', 36_454, 3.755, 0.541, 0.423],
  ['iphone12_ski_gyro_100hz', 'value', 109_362, 3.964, 3.253, 3.117],
  ['iphone_walk_mag_100hz_phyphox', 'value', 31_725, 4.305, 6.167, 6.112],
  ['iphone_walk_mag_100hz_phyphox', 'time', 10_575, 3.853, 0.366, 0.286],
  ['neon_gaze_200hz_multipart', 'time', 4200, 3.437, 0.608, 0.465],
  ['neon_gaze_200hz_multipart', 'value', 8400, 4.802, 3.686, 5.952],
  ['neon_headset_imu_quat_110hz', 'value', 38_440, 4.172, 3.512, 3.195],
  ['neon_headset_imu_quat_110hz', 'time', 3844, 3.759, 0.829, 0.698],
  ['pixel_pocket_accel_405hz', 'value', 179_886, 2.563, 4.771, 2.985],
  ['pixel_pocket_accel_405hz', 'time', 59_962, 2.785, 0.374, 0.351],
  ['samsung_pocket_accel_215hz', 'value', 120_624, 3.172, 4.831, 4.072],
  ['samsung_pocket_accel_215hz', 'time', 40_208, 3.499, 2.662, 2.568],
  ['sapimouse_user74_3min', 'time', 17_508, 3.357, 0.325, 0.224],
  ['sapimouse_user74_3min', 'value', 35_016, 1.132, 0.579, 0.467],
  ['sync_smartphone_gyro_500hz', 'value', 14_649, 1.487, 1.601, 1.54],
  ['sync_smartphone_gyro_500hz', 'time', 4883, 3.263, 0.564, 0.462],
  ['ximu3_short_walk_400hz', 'value', 99_234, 5.025, 2.868, 3.124],
  ['ximu3_short_walk_400hz', 'time', 16_539, 3.283, 0.467, 0.485],
  ['endaq_acttest_20khz_4ch', 'value', 609_536, 0.733, 0.704, 0.636],
  ['mitdb100_360hz_2ch', 'value', 216_000, 0.749, 0.614, 0.478],
  ['ssx66115_5khz_3ch', 'value', 195_552, 0.962, 0.685, 0.683],
  ['web_devicemotion', 'value', 218_724, 1.365, 1.012, 0.884],
]

export const BASELINES = ROWS.map(([name, part, values, zstd19Whole, pco8Of1024, pco8Whole]) => ({
  name,
  part,
  values,
  zstd19Whole,
  pco8Of1024,
  pco8Whole,
}))
