/** Who lies in the demonstration ward. Invented people; `normal` is what is usual for each of them. */

/** Vital signs as the simulator counts them, before a monitor rounds them. */
export type Signs = {
  readonly heartRate: number
  readonly systolic: number
  readonly diastolic: number
  readonly spo2: number
  readonly temperature: number
  readonly respiration: number
}

export type Patient = {
  readonly id: string
  readonly bed: number
  readonly name: string
  readonly age: number
  readonly normal: Signs
}

const patient = (
  bed: number,
  name: string,
  age: number,
  usual: readonly [number, number, number, number, number, number],
): Patient => {
  const [heartRate, systolic, diastolic, spo2, temperature, respiration] = usual
  return {
    id: `p${String(bed).padStart(2, '0')}`,
    bed,
    name,
    age,
    normal: { heartRate, systolic, diastolic, spo2, temperature, respiration },
  }
}

export const demoTenant = 'demo'
export const demoHospital = 'general'

export const roster: readonly Patient[] = [
  patient(1, 'Amara Okafor', 67, [72, 122, 76, 97.2, 36.7, 14]),
  patient(2, 'Henrik Sandell', 81, [68, 130, 78, 96.4, 36.5, 15]),
  patient(3, 'Lucía Ferrer', 54, [76, 118, 74, 97.8, 36.8, 14]),
  patient(4, 'Tomasz Wilk', 73, [80, 126, 79, 96.2, 36.9, 16]),
  patient(5, 'Mei Lin Zhao', 45, [70, 112, 70, 98.4, 36.6, 13]),
  patient(6, 'Samuel Adeyemi', 62, [74, 124, 77, 97.0, 36.7, 15]),
  patient(7, 'Ingrid Holm', 88, [66, 128, 74, 96.0, 36.4, 15]),
  patient(8, 'Rahul Menon', 58, [78, 121, 77, 97.4, 36.8, 14]),
  patient(9, 'Claire Dubois', 70, [71, 129, 80, 96.8, 36.6, 14]),
  patient(10, 'Omar Haddad', 49, [82, 119, 75, 98.0, 36.9, 15]),
  patient(11, 'Nora Lindqvist', 36, [69, 110, 68, 98.8, 36.7, 13]),
  patient(12, 'George Tan', 77, [75, 127, 78, 96.5, 36.5, 16]),
]
