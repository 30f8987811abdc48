'use strict';
// A plugin of osls: what a deployment must not do to what is there already.
//
// - The table and the users of a stage are protected from deletion by the deployment after the one that created them.
//   CloudFormation takes back what a failed deployment has created, and can't delete what is protected: the stack would
//   be stuck, and its names taken.
// - A role that has a permissions boundary keeps it.
// - The code of a function alone is not deployed for another processor than that of the function, nor where the API
//   calls versions: it would be called by nobody.
const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');

// The AWS SDK is osls's own.
const ofOsls = createRequire(path.join(__dirname, 'node_modules', 'osls', 'package.json'));

// How a kind of resource is protected.
const PROTECTION = {
  'AWS::DynamoDB::Table': { property: 'DeletionProtectionEnabled', on: true, off: false },
  'AWS::Cognito::UserPool': { property: 'DeletionProtection', on: 'ACTIVE', off: 'INACTIVE' },
};

class Guard {
  constructor(serverless, options) {
    this.serverless = serverless;
    this.options = options;
    this.provider = serverless.getProvider('aws');
    this.hooks = {
      'before:aws:package:finalize:saveServiceState': () => this.bound(this.settings.boundary),
      'before:aws:deploy:deploy:checkForChanges': () => this.compareWithWhatIsThere(),
      'before:deploy:function:packageFunction': () => this.compareFunction(),
    };
  }

  get settings() {
    const { custom, provider } = this.serverless.service;
    return { boundary: custom.permissionsBoundary, architecture: provider.architecture };
  }

  get resources() {
    return Object.entries(this.serverless.service.provider.compiledCloudFormationTemplate.Resources);
  }

  // All roles, so that a new one is not forgotten.
  bound(boundary) {
    if (!boundary || boundary === 'none') return;
    for (const [, resource] of this.resources) {
      if (resource.Type === 'AWS::IAM::Role') resource.Properties.PermissionsBoundary = boundary;
    }
  }

  async client(name, kind) {
    const sdk = ofOsls(`@aws-sdk/client-${name}`);
    return [new sdk[`${kind}Client`](await this.provider.getAwsSdkV3Config()), sdk];
  }

  async compareWithWhatIsThere() {
    const there = await this.whatIsThere();
    this.protectOnly(new Set(there.map(({ LogicalResourceId }) => LogicalResourceId)));
    // Nothing was said about it; "none" would be something.
    if (!this.settings.boundary) {
      const role = there.find(({ ResourceType }) => ResourceType === 'AWS::IAM::Role');
      if (role) this.bound(await this.boundaryOf(role.PhysicalResourceId));
    }
  }

  async whatIsThere() {
    const [client, { paginateListStackResources }] = await this.client('cloudformation', 'CloudFormation');
    const StackName = this.provider.naming.getStackName();
    const gone = /^(CREATE_FAILED|DELETE_COMPLETE)$/;
    const there = [];
    // In pages: a call that lists all at once leaves out what is beyond the hundredth.
    for await (const { StackResourceSummaries } of paginateListStackResources({ client }, { StackName })) {
      there.push(...StackResourceSummaries.filter(({ ResourceStatus }) => !gone.test(ResourceStatus)));
    }
    return there;
  }

  protectOnly(names) {
    const waiting = [];
    for (const [name, { Type, Properties }] of this.resources) {
      const protection = PROTECTION[Type];
      if (!protection || Properties[protection.property] !== protection.on || names.has(name)) continue;
      Properties[protection.property] = protection.off;
      waiting.push(name);
    }
    if (waiting.length === 0) return;
    const say = `${waiting.join(' and ')}: created by this deployment, protected from deletion by the next one\n`;
    process.stderr.write(say);
    // For deploy/cloud, which then deploys once more.
    if (process.env.NOTES_UNPROTECTED) fs.writeFileSync(process.env.NOTES_UNPROTECTED, say);
  }

  async boundaryOf(RoleName) {
    const [iam, { GetRoleCommand }] = await this.client('iam', 'IAM');
    const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
    return Role.PermissionsBoundary?.PermissionsBoundaryArn;
  }

  compareFunction() {
    if (this.serverless.service.custom.options.versions) {
      throw new this.serverless.classes.Error(
        'with versions=true, the API calls versions of the functions, which only a deployment of all of the stack makes'
      );
    }
    this.compareProcessor();
  }

  // Lambda would take the code, and fail at every request.
  compareProcessor() {
    const { architecture } = this.settings;
    const [deployed] = this.serverless.service.provider.remoteFunctionData.Configuration.Architectures ?? ['x86_64'];
    if (deployed === architecture) return;
    throw new this.serverless.classes.Error(
      `${this.options.function} is deployed for ${deployed}, and this would be code for ${architecture}. Build it on ` +
        `a machine for ${deployed} (NOTES_BINARIES=DIRECTORY, --param="architecture=${deployed}"), or deploy all of ` +
        'the stack'
    );
  }
}

module.exports = Guard;
