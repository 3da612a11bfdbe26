import { DOOR_CODES } from '../failure.ts';

const META = {
  type: 'object',
  required: ['timestamp', 'request_id'],
  properties: {
    timestamp: { type: 'string', format: 'date-time' },
    request_id: { type: 'string', format: 'uuid' },
  },
};

/** The five keys of every answer of the door, as the description names them. */
export const ENVELOPE = {
  Success: {
    type: 'object',
    required: ['data', 'meta', 'status', 'message', 'success'],
    properties: {
      data: { description: 'What was asked for.' },
      meta: META,
      status: { type: 'string', const: 'ok' },
      message: { type: 'string' },
      success: { type: 'boolean', const: true },
    },
  },
  Failure: {
    type: 'object',
    required: ['data', 'meta', 'status', 'message', 'success'],
    properties: {
      data: { type: 'null' },
      meta: {
        ...META,
        required: [...META.required, 'code'],
        properties: {
          ...META.properties,
          code: { type: 'string', enum: Object.keys(DOOR_CODES) },
          details: {
            type: 'array',
            items: {
              type: 'object',
              required: ['parameter', 'message'],
              properties: { parameter: { type: 'string' }, message: { type: 'string' } },
            },
          },
        },
      },
      status: { type: 'string', const: 'error' },
      message: { type: 'string', description: 'For a person.' },
      success: { type: 'boolean', const: false },
    },
  },
};
