'use strict';
// The alarms of a stage and its dashboard. docs/operations.md says what each means and what to do.

const MINUTES = 5;

// stack: name, functions (the names of their programs), apiFunctions (those that the API calls), pipe (the name of that
// of the change feed, if there is one), api (`dimensions`, and the names of its metrics), topic (what is told, if
// anything). Plain alarms, of one metric each: the sum of several costs as much as an alarm for each, and says less.
function alarms({ name, functions, apiFunctions, api, pipe, topic }) {
  const writes = apiFunctions.filter((one) => /^(create|update|delete)-/.test(one));
  const reads = apiFunctions.filter((one) => one !== 'create-note');
  // What it is about, its metric, above what in five minutes it goes off, in how many of the last such periods, and for
  // which functions.
  const all = {
    ServerErrors: ['more than 5 responses with a 5xx status', 'AWS/ApiGateway', api.serverErrors, 5, [2, 3]],
    Latency: ['one request in a hundred takes more than 3 seconds', 'AWS/ApiGateway', 'Latency', 3000, [3, 3]],
    FunctionErrors: ['the function crashed or ran out of time', 'AWS/Lambda', 'Errors', 0, [1, 1], functions],
    FunctionThrottles: ['more calls at once than the function may run', 'AWS/Lambda', 'Throttles', 0, [2, 3], functions],
    TableThrottles: ['requests were refused for lack of capacity of the table', 'Notes', 'Throttled', 0, [2, 3], apiFunctions],
    OutcomesUnknown: ['whether writes happened is not known', 'Notes', 'OutcomeUnknown', 5, [2, 3], writes],
    UnreadableItems: ['items of the table are no notes', 'Notes', 'UnreadableItems', 0, [1, 1], reads],
    ...(pipe && { EventsFailed: ['changes of notes could not be published', 'AWS/EventBridge/Pipes', 'ExecutionFailed', 0, [2, 3]] }),
  };
  const resources = {};
  for (const [alarm, [what, Namespace, MetricName, above, [breaching, periods], among]] of Object.entries(all)) {
    for (const one of among ?? [undefined]) {
      const ofWhole = Namespace === 'AWS/ApiGateway' ? api.dimensions : { PipeName: pipe };
      const dimensions = one ? { FunctionName: `${name}-${one}` } : ofWhole;
      const suffix = one ? one.replace(/(^|-)(.)/g, (_, __, letter) => letter.toUpperCase()) : '';
      resources[`${alarm}${suffix}Alarm`] = {
        Type: 'AWS::CloudWatch::Alarm',
        Properties: {
          AlarmName: [name, alarm, one].filter(Boolean).join('-'),
          AlarmDescription: `${what}. See docs/operations.md#alarms`,
          Namespace,
          MetricName,
          Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
          ...(MetricName === 'Latency' ? { ExtendedStatistic: 'p99' } : { Statistic: 'Sum' }),
          Period: MINUTES * 60,
          ComparisonOperator: 'GreaterThanThreshold',
          Threshold: above,
          DatapointsToAlarm: breaching,
          EvaluationPeriods: periods,
          // Most of these are published only when something has happened.
          TreatMissingData: 'notBreaching',
          ...(topic && { AlarmActions: [topic], OKActions: [topic] }),
        },
      };
    }
  }
  return resources;
}

function dashboard({ name, table, api }) {
  const [[dimension, id]] = Object.entries(api.dimensions);
  const ofApi = (metric, stat, label = metric) => ['AWS/ApiGateway', metric, dimension, '${Api}', { stat, label }];
  const search = (namespace, metric) => [
    { expression: `SEARCH('{${namespace},FunctionName} MetricName="${metric}" FunctionName="${name}"', 'Sum', 300)`, id: metric.toLowerCase() },
  ];
  const ofTable = (metric) => ['AWS/DynamoDB', metric, 'TableName', table, { stat: 'Sum' }];
  const graphs = {
    Requests: [ofApi('Count', 'Sum'), ofApi(api.clientErrors, 'Sum'), ofApi(api.serverErrors, 'Sum')],
    'Latency (ms)': ['p50', 'p99'].map((stat) => ofApi('Latency', stat, stat)),
    'Functions: errors and throttles': [search('AWS/Lambda', 'Errors'), search('AWS/Lambda', 'Throttles')],
    'Functions that run at once': [
      [{ expression: `SEARCH('{AWS/Lambda,FunctionName} MetricName="ConcurrentExecutions" FunctionName="${name}"', 'Maximum', 300)`, id: 'at_once' }],
    ],
    'Capacity units': [ofTable('ConsumedReadCapacityUnits'), ofTable('ConsumedWriteCapacityUnits')],
    'Outcomes unknown, refused for capacity, unreadable': ['OutcomeUnknown', 'Throttled', 'UnreadableItems'].map((metric) => search('Notes', metric)),
  };
  const widgets = Object.entries(graphs).map(([title, metrics], number) => ({
    type: 'metric',
    x: (number % 2) * 12,
    y: Math.floor(number / 2) * 6,
    width: 12,
    height: 6,
    properties: { title, metrics, region: '${AWS::Region}', period: MINUTES * 60, view: 'timeSeries' },
  }));
  return {
    Type: 'AWS::CloudWatch::Dashboard',
    Properties: { DashboardName: name, DashboardBody: { 'Fn::Sub': [JSON.stringify({ widgets }), { Api: id }] } },
  };
}

// The topic that sends an e-mail. Whoever has the address has to confirm it.
const topicOf = (name, email) => ({
  AlarmTopic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: `${name}-alarms` } },
  AlarmSubscription: {
    Type: 'AWS::SNS::Subscription',
    Properties: { TopicArn: { Ref: 'AlarmTopic' }, Protocol: 'email', Endpoint: email },
  },
});

module.exports = { alarms, dashboard, topicOf };
